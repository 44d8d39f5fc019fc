"""What sites with data of their own agreed on before they learn together."""

import tomllib
from dataclasses import replace
from pathlib import Path

import torch
from pydantic import ValidationError

from counterpoint.data.agree import agreed
from counterpoint.data.card import Card
from counterpoint.data.modality import Task
from counterpoint.data.population import ClientData, Dataset, Population, Side
from counterpoint.data.prepare import is_folder
from counterpoint.data.samples import Samples
from counterpoint.errors import UserError
from counterpoint.methods.options import explain
from counterpoint.runs.config import Section
from counterpoint.runs.site import Sense, modalities_of, site_dataset


class Site(Section):
    """One site.

    Attributes:
        name: for people.
        modalities: that it has.
    """

    name: str
    modalities: tuple[str, ...]


class Agreement(Section):
    """The agreement, a file that every party holds.

    Attributes:
        classes: of the task, in order.
        modalities: of all sites, by name.
        sites: by number, from 0.
    """

    classes: tuple[str, ...]
    modalities: dict[str, Sense]
    sites: dict[int, Site]

    @classmethod
    def read(cls, path: Path) -> "Agreement":
        """The agreement in a file.

        Raises:
            UserError: it cannot be read, or something in it is wrong.
        """
        try:
            found = cls(**tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path} is not valid TOML: {error}") from error
        except ValidationError as error:
            raise UserError(f"{path}: {explain(error)}") from error
        if sorted(found.sites) != list(range(len(found.sites))) or not found.sites:
            raise UserError(f"{path}: sites must be numbered 0, 1, 2, ...")
        for number, site in found.sites.items():
            if unknown := sorted(set(site.modalities) - set(found.modalities)):
                raise UserError(f"{path}: sites.{number} has {unknown[0]!r}, which is not under [modalities]")
            if not site.modalities:
                raise UserError(f"{path}: sites.{number} has no modality")
        return found

    def roster(self) -> dict[int, tuple[str, ...]]:
        """By site, its modalities."""
        return {number: tuple(sorted(site.modalities)) for number, site in sorted(self.sites.items())}

    def population(self, name: str, *, test: str = "", proxy: str = "", labelled: str = "") -> Population:
        """What the server holds: its own rows, and of each site that it exists, with its modalities and not one row.

        Args:
            name: of the data, for people.
            test: data set or folder of the global test; none where empty.
            proxy: the same, of the rows that everyone holds.
            labelled: the same, of the server's own labelled rows.

        Raises:
            UserError: one of them is not there, or not as agreed.
        """
        clients = tuple(
            ClientData(number, site.name, self._nothing(site.modalities), self._nothing(site.modalities))
            for number, site in sorted(self.sites.items())
        )
        card = Card(
            name=name,
            title="Data of sites, which stays there",
            origin="the sites' own",
            licence="the sites' own",
            checksum="",
            counts={"sites": len(clients)},
            split="each site draws its own test from its rows",
            classes=self.classes,
        )
        return Population(
            name=name,
            task=Task(self.classes),
            modalities=modalities_of(self.modalities),
            clients=clients,
            test=self.rows(test) if test else self._nothing(tuple(self.modalities)),
            card=card,
            proxy=unlabelled(self.rows(proxy)) if proxy else None,
            server=self.rows(labelled) if labelled else None,
        )

    def agreed(self, dataset: Dataset) -> Dataset:
        """A data set of one party, as agreed.

        Raises:
            UserError: it is not.
        """
        return agreed(dataset, modalities_of(self.modalities), self.classes)

    def rows(self, where: str) -> Samples:
        """The rows of a folder; of a public data set, those of its global test, if there are any.

        Raises:
            UserError: it is not there, or not as agreed.
        """
        dataset = self.agreed(site_dataset(where, self.classes))
        if lacking := sorted(set(self.modalities) - set(dataset.modalities)):
            raise UserError(f"{where} has no {lacking[0]}: what the server holds needs all agreed modalities")
        marked = dataset.side == Side.GLOBAL_TEST
        return dataset.rows(marked).samples if bool(marked.any()) and not is_folder(where) else dataset.samples

    def _nothing(self, modalities: tuple[str, ...]) -> Samples:
        """No rows."""
        shapes = {name: self.modalities[name].shape for name in sorted(modalities)}
        none = torch.zeros(0, dtype=torch.int64)
        return Samples(
            x={name: torch.zeros(0, *shape) for name, shape in shapes.items()},
            present={name: torch.zeros(0, dtype=torch.bool) for name in shapes},
            label=none,
            unit=none,
        )


def unlabelled(samples: Samples) -> Samples:
    """The same rows with every label hidden."""
    return replace(samples, label=torch.full_like(samples.label, -1))
