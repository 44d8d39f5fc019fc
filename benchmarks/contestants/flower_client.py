"""The client side of the Flower contestant; imported by Ray's workers."""

from functools import cache

import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from torch import nn
from torch.nn import functional

from benchmarks.contestants.job import Data
from benchmarks.contestants.network import flat

torch.set_num_threads(1)
app = ClientApp()
held = cache(Data.read)
model_of = cache(flat)
"""One model a worker, whose weights each message overwrites."""


@app.train()
def train(message: Message, context: Context) -> Message:
    """Local SGD on this client's rows."""
    said = message.content["config"]
    data = held(said["data"])
    rows = data.clients[int(context.node_config["partition-id"])]
    x, label = data.only[rows], data.label[rows]
    model: nn.Module = model_of(said["model"])
    model.load_state_dict(message.content["arrays"].to_torch_state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=said["lr"])
    for _ in range(said["epochs"]):
        for batch in torch.randperm(len(label)).split(said["batch"]):
            optimizer.zero_grad()
            functional.cross_entropy(model(x[batch]), label[batch]).backward()
            optimizer.step()
    answer = {"arrays": ArrayRecord(model.state_dict()), "metrics": MetricRecord({"rows": len(label)})}
    return Message(RecordDict(answer), reply_to=message)
