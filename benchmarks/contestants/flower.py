"""Flower: its simulation with Ray on two cores, and FedAvg written by hand over its messages.

A loop of one's own over `grid.send_and_receive` leaves out what the built-in strategy does besides: it evaluates and
logs.
"""

import time

import torch
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, RecordDict
from flwr.serverapp import Grid, ServerApp
from flwr.simulation import run_simulation

from benchmarks.contestants.flower_client import app as client_app
from benchmarks.contestants.job import Data, Job, Outcome, main, timed
from benchmarks.contestants.network import flat

CORES = 2


def play(job: Job, data: Data) -> Outcome:
    """One client a core at a time; the server's model never leaves memory."""
    model = flat(job.model)
    seconds: list[float] = []
    server = ServerApp()

    @server.main()
    def serve(grid: Grid, context: Context) -> None:
        while len(nodes := list(grid.get_node_ids())) < len(data.clients):
            time.sleep(0.1)
        said = ConfigRecord(
            {"data": job.data, "model": job.model, "epochs": job.epochs, "batch": job.batch, "lr": job.lr}
        )

        def one_round(_: int) -> None:
            content = RecordDict({"arrays": ArrayRecord(model.state_dict()), "config": said})
            replies = list(grid.send_and_receive([Message(content, node, "train") for node in nodes]))
            rows = torch.tensor([float(reply.content["metrics"]["rows"]) for reply in replies])
            share = rows / rows.sum()
            states = [reply.content["arrays"].to_torch_state_dict() for reply in replies]
            average = {name: torch.tensordot(share, torch.stack([s[name] for s in states]), 1) for name in states[0]}
            model.load_state_dict(average)

        seconds.extend(timed(job.rounds, one_round))

    run_simulation(
        server,
        client_app,
        num_supernodes=len(data.clients),
        backend_config={
            "init_args": {"num_cpus": CORES, "include_dashboard": False},
            "client_resources": {"num_cpus": 1, "num_gpus": 0.0},
        },
    )
    return Outcome(seconds, lambda x: model(next(iter(x.values()))))


if __name__ == "__main__":
    main(play)
