"""The stacked engine: clients of one structure take their local steps together, in one process or several."""

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import torch

from counterpoint.engines.allocator import keep_freed_memory
from counterpoint.engines.bulk import Structure
from counterpoint.engines.choice import Choice
from counterpoint.engines.crew import Crew, can_fork
from counterpoint.engines.jobs import Done, Job, Jobs, cut, form, kind_named, name_of_kind, of_each, of_stack
from counterpoint.engines.many import ManyClients
from counterpoint.engines.memory import ClientMemory
from counterpoint.engines.profile import OVERHEAD, WAITING, Profile
from counterpoint.engines.stacked_peers import StackedPeers, why_unstackable
from counterpoint.engines.values import Stack
from counterpoint.exchange.many import Many
from counterpoint.exchange.package import Package

LOG = logging.getLogger("counterpoint")
WORTH = 0.02
"""Seconds of work in a visit from which on worker processes are worth their while."""


class Stacked(StackedPeers):
    """Runs local programs for stacks of clients that own the same modalities.

    How many clients a stack takes is measured on the first training of a structure, see `Widths`; it may be one, which
    is the loop of the sequential engine. Clients whose part of the model, or whose objective, cannot be batched go
    through that loop too, which is said once in the log.

    Args:
        stack: clients a stack, where it is not to be measured.
        workers: processes; the cores that there are, where that is worth it, if None. Results do not depend on it.
    """

    name: ClassVar[str] = "stacked"

    def __init__(self, *args: Any, stack: int | None = None, workers: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choice = Choice(stack, self.method, self.model, self.settings, self.population.modalities, self.device)
        self._seconds: dict[str, float] = {}
        self._crew: Crew | None = None
        self._workers = self._processes(workers)
        if self.device == "cpu":
            keep_freed_memory()
        _ = self.model.for_stacks

    def _processes(self, asked: int | None) -> int:
        if self.device != "cpu" or not can_fork() or torch.cuda.is_available():
            if asked is not None and asked > 1:
                LOG.info("one process: workers are forks, which work on the CPU of machines without a GPU")
            return 1
        return len(os.sched_getaffinity(0)) if asked is None else asked

    def _visit(
        self, program: str, clients: Sequence[int], packages: Mapping[int, Package], occasion: str
    ) -> Iterator[tuple[int, Many[Package] | None]]:
        self._arrived.clear()
        yield from super()._visit(program, [c for c in clients if self._reduced(c)], packages, occasion)
        clients = [client for client in clients if not self._reduced(client)]
        for structure, group in self._structures(clients, packages):
            for job, done in self._carried_out(program, structure, group, packages, ("round", self.round, occasion)):
                for client, memory in zip(job.clients, done.memories, strict=True):
                    self._memory(client).values = memory
                for uploads in done.uploads(job.clients):
                    yield from self._collect_many(structure, uploads)

    def _ask(
        self, program: str, clients: Sequence[int], package: Package, occasion: str
    ) -> Iterator[tuple[int, Package]]:
        packages = dict.fromkeys(clients, package)
        for structure, group in self._structures(clients, packages):
            key = ("round", self.round, occasion)
            for job, done in self._carried_out(program, structure, group, packages, key, count=False):
                for answers in done.uploads(job.clients):
                    yield from zip(answers.clients, answers.each(), strict=True)

    def _structures(
        self, clients: Sequence[int], packages: Mapping[int, Package]
    ) -> Iterator[tuple[Structure, list[int]]]:
        """Clients of one structure whose packages have one form."""
        asked = set(clients)
        forms = {key: form(package) for key, package in {id(p): p for p in packages.values()}.items()}
        for structure, members in self._members.items():
            alike: dict[Any, list[int]] = {}
            for client in members:
                if client in asked:
                    alike.setdefault(forms[id(packages[client])], []).append(client)
            for group in alike.values():
                yield structure, group

    def _carried_out(
        self,
        program: str,
        structure: Structure,
        clients: list[int],
        packages: Mapping[int, Package],
        key: tuple[Any, ...],
        count: bool = True,
    ) -> Iterator[tuple[Job, Done]]:
        """The jobs of a group, in order, with what came of them."""

        def job(group: Sequence[int], width: int, count: bool) -> Job:
            received = self._deliver_many(group, packages, count)
            memories = [dict(self._memory(client).values) for client in group]
            return Job(
                program,
                tuple(group),
                key,
                width,
                name_of_kind(type(received)),
                received.tensors(),
                memories,
                len(clients),
            )

        def trial(first: int) -> str:
            return self._work(job(clients[:first], first, False), measuring=True).unstackable

        kind, width = self._choice.of(program, structure, len(clients), trial)
        sizes = [len(self._held[client].train) for client in clients]
        jobs = Jobs(lambda group: job(group, width, count), cut(clients, width, sizes))
        self.profile.stacks[f"{program}, {'+'.join(structure)}"] = {
            "clients a stack": jobs.together(width),
            "seconds": self._choice.seconds(kind),
        }
        for place, done in enumerate(self._results(kind, jobs)):
            taken = jobs.take(place)
            if done.unstackable:
                self._choice.cannot(kind, done.unstackable)
                yield taken, self._work(replace(taken, width=1))
            else:
                yield taken, done

    def _results(self, kind: str, jobs: Jobs) -> Iterator[Done]:
        """What comes of jobs, in order: in this process, or from workers where that is worth it."""
        expected = self._seconds.get(kind, 0.0) * jobs.clients
        if self._workers > 1 and len(jobs) > 1 and expected > WORTH:
            yield from self._from_crew(jobs)
            return
        spent = 0.0
        for job in jobs:
            begun = time.perf_counter()
            done = self._work(job)
            spent += time.perf_counter() - begun
            yield done
        self._seconds[kind] = spent / max(jobs.clients, 1)

    def _from_crew(self, jobs: Jobs) -> Iterator[Done]:
        if self._crew is None:
            for structure in self._members:
                self._pools.of(structure, "train")
            self._crew = Crew(self._workers, self._work_apart)
            self.profile.workers = self._workers
        coming = self._crew.run(jobs)
        while True:
            with self.profile.of(WAITING):
                done = next(coming, None)
            if done is None:
                return
            self.profile.add(done.seconds)
            self.profile.recorded += done.recorded
            yield done

    def _work_apart(self, job: Job) -> Done:
        """A job in a worker process: what it took is sent along."""
        self._steps.profile = self.profile = Profile()
        with self.profile.of(OVERHEAD):
            done = self._work(job)
        done.seconds, done.recorded = self.profile.seconds, self.profile.recorded
        return done

    def _work(self, job: Job, measuring: bool = False) -> Done:
        """Carry out a job."""
        memories = [ClientMemory(values) for values in job.memories]
        received = kind_named(job.kind).of_tensors(job.received)
        if job.width == 1:
            results = [self._one(job, place, received, memory) for place, memory in enumerate(memories)]
            return Done(of_each(results), [memory.values for memory in memories])
        before = [dict(memory.values) for memory in memories]
        try:
            result = getattr(self._away, job.program)(self._many(job, memories, measuring), received)
        except RuntimeError as error:
            why = why_unstackable(error)
            job.memories[:] = before
            return Done(unstackable=why)
        return Done(of_stack(result, len(memories)), [memory.values for memory in memories])

    def _one(self, job: Job, place: int, received: Package, memory: ClientMemory) -> Package:
        """The program of one client in the loop."""
        client = job.clients[place]
        own = {key: v.each[place] if isinstance(v, Stack) else v for key, v in received.tensors().items()}
        handle = self._handle(self._splits[client], self._modalities[client], memory, ("client", client, *job.key))
        result: Package = getattr(self._away, job.program)(handle, type(received).of_tensors(own))
        if self.model.buffers == "local":
            self._keep_buffers(memory, result)
        return result

    def _many(self, job: Job, memories: Sequence[ClientMemory], measuring: bool) -> ManyClients:
        structure = self._modalities[job.clients[0]]
        return ManyClients(
            self._splits_of_stack(structure, job.clients),
            model=self.model,
            modalities=structure,
            settings=self._settings_of(job.key),
            memories=memories,
            seed=self.seed,
            keys=[("client", client, *job.key) for client in job.clients],
            gradients=self._steps,
            profile=self.profile,
            times=self.rounds * job.group / len(job.clients),
            width=job.width,
            measuring=measuring,
        )

    def settled(self) -> dict[str, int]:
        """Clients a stack by kind of work."""
        return dict(self._choice.settled)

    def settle(self, known: Mapping[str, int]) -> None:
        """Take the stacks of a run that goes on."""
        self._choice.settled.update(known)

    def close(self) -> None:
        """End the worker processes."""
        if self._crew is not None:
            self._crew.close()
            self._crew = None
