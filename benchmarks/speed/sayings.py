"""What the page says in words about how things were measured."""

from benchmarks.speed.figures import Record

HEAD = """# Performance

Measured, never typed: this page is written by `make bench` (`python -m benchmarks.speed`) from [what it
measured](performance/speed.json), in one run on one machine. Each turn of each contestant is a process of its own with
one thread, and turns alternate (A B C A B C ...); turns of each: {repeats}. A figure is the median over turns of the
median over rounds, without the first {warm} rounds; in brackets the least and the most of the turns. Ratios are taken
within a repeat, and their median is shown. All contestants read the same rows from a file, start from the same weights
and evaluate nothing while the clock runs; the accuracy of the final model shows that the same thing was learned.
Shuffling is each one's own."""

TRIAL = "**This is a trial run with little of everything: its figures mean nothing.**"

FAIR = """## Who took part, and how

* **Counterpoint, stacked and sequential**: FedAvg on the engine of that name, one thread; packages encoded, checked and
  counted as in any run. With 2 workers: two processes of one thread each.
* **textbook PyTorch loop**: `deepcopy` of the model and `torch.optim.SGD` a client, batches cut by index.
* **pfl**: `FederatedAveraging` on `SimulatedBackend`, one process; data sets made before the clock starts. Its
  `Dataset` does not shuffle between epochs.
* **fluke**: `FedAVG` with its `FastDataLoader`. fluke imports torchvision, whose wheel does not load beside the CPU
  build of torch; we put an empty module in its place; nothing that is timed uses it.
* **Flower**: simulation with Ray (`run_simulation`), one client a core at a time on **two cores**, FedAvg written by
  hand over `grid.send_and_receive`: the built-in strategy would evaluate and log besides. A worker keeps its model and
  rows between messages. The first round includes the start of Ray's workers.
* **floor, one fused batch**: as many rows a step through one shared model, in plain autograd. It learns something else;
  it is what PyTorch takes for the arithmetic if clients did not each have weights of their own.
* **floor, written by hand**: FedAvg of this one network written out with batched matrix products in place: no autograd,
  no engine, no packages."""

TITLES = {
    "mlp": "Perceptron on digits, local epochs: {epochs}",
    "cnn": "Two sensors, CNN",
    "gru": "Two sensors, GRU",
    "lstm": "Two sensors, LSTM autoencoders: {variant}",
    "ragged": "Clients of very different sizes",
    "missing": "Missing modalities",
    "scale": "Many clients",
    "overhead": "Overhead",
}

SAID = {
    "mlp": "{clients} clients with {middle} digits each (scikit-learn's, drawn from 1,500; two clients may hold the "
    "same row), a user's own perceptron 64-200-10, batch {batch}, SGD 0.1, {rounds} rounds, all clients in every "
    "round.",
    "cnn": "The `watch` data dealt to {clients} clients by `dirichlet:0.5` ({rows:,} windows of accelerometer and "
    "gyroscope, {fewest} to {most} a client), the framework's 1-D CNN a sensor with mean fusion, batch {batch}, one "
    "local epoch, SGD 0.1, {rounds} rounds. The loop runs the same layers without masks of presence.",
    "gru": "{clients} clients with {middle} training windows of `watch` each (a window may be with several clients), "
    "the framework's GRU of 64 units a sensor with mean fusion, batch {batch}, one local epoch, SGD 0.1, {rounds} "
    "rounds: too few to learn much.",
    "lstm": "{clients} clients with {middle} training windows of `watch` each, an autoencoder of four LSTM layers (32 "
    "and 10 wide, 96 steps) a sensor that writes both, Adam, batch {batch}, one local epoch, {rounds} rounds. "
    "`mm-fedavg` averages them; `fedmekt` exchanges embeddings of 96 rows that all hold, walked beside each client's "
    "own. No classifier is trained. The loop keeps a model and an Adam a client.",
    "ragged": "{clients} clients with {fewest} to {most} digits (middle {middle}, {rows:,} in all, sizes from a Pareto "
    "law), the same perceptron, batch {batch}, {epochs} local epochs, SGD 0.1, {rounds} rounds.",
    "missing": "{clients} clients with {middle} windows of `watch` each, CNN encoders, batch {batch}, one local epoch, "
    "stacked engine. An encoder is only computed for those who own its sensor.",
    "scale": "The perceptron, {middle} digits a client, one local epoch, {rounds} rounds, all clients in every round, "
    "stacked engine, each size in a process of its own. Memory is the largest resident set of the process (and of its "
    "children), less that of a process that holds the same clients' rows and the model and does nothing.",
    "overhead": "A linear layer 64-10 and one row a client: one step of next to no arithmetic, so that what is timed "
    "is what a framework does around it.",
}


def title(case: Record) -> str:
    """The heading above a case."""
    return TITLES[case["section"]].format(**case)


def said(case: Record) -> str:
    """What exactly was run."""
    return SAID[case["section"]].format(**case)
