"""Topologies, one file a kind of rule."""

from counterpoint.simulate.topologies.drawn import ErdosRenyi, SmallWorld
from counterpoint.simulate.topologies.edges import Edges
from counterpoint.simulate.topologies.fixed import Complete, Grid, Nobody, Ring, Star
from counterpoint.simulate.topologies.geometric import Geometric
from counterpoint.simulate.topology import Topology

KINDS: tuple[type[Topology], ...] = (Geometric, Ring, Grid, Complete, Star, Nobody, ErdosRenyi, SmallWorld, Edges)
