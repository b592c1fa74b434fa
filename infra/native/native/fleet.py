"""The whole fleet in one place: what depends on what, started as concurrently as that allows."""

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from native import caddy, copy, ehrbase, fhir, nats, openehr, postgres, prometheus, services, web
from native.home import Home
from native.ports import HeldPorts, choose_ports
from native.process import Command, Program, run_to_end
from native.progress import Progress
from native.secrets import DATABASE_ROLES, EHRBASE_ROLES, NATS_USERS, load_secrets
from native.services import Backends, Context
from native.settings import SERVICES, Settings
from native.supervisor import Supervisor

_INNER_PORTS = (
    "postgres",
    "fhir",
    "openehr",
    "openehr-postgres",
    "push-receiver",
    "prometheus",
    caddy.METRICS,
)


def backends(settings: Settings, *, ports: Mapping[str, int], secrets: Mapping[str, str]) -> Backends:
    """The clinical servers of a copy: its own, or those that were chosen instead."""
    chosen = settings.ehrbase
    return Backends(
        fhir_url=settings.fhir_url or fhir.url(ports["fhir"]),
        openehr_url=chosen.url or openehr.url(ports["openehr"]),
        openehr_user=chosen.user if chosen.url else openehr.USER,
        openehr_password=chosen.password if chosen.url else secrets["openehr_password"],
        system_id=(chosen.system_id if chosen.url else "") or openehr.SYSTEM_ID,
    )


class Fleet:
    """One copy of the fleet; `start` brings it up, `supervisor` keeps it up."""

    def __init__(self, settings: Settings, home: Home, progress: Progress) -> None:
        self._settings, self._home, self._progress = settings, home, progress
        self._secrets = load_secrets(home)
        names = [name for service in SERVICES for name in services.replicas(settings, service)]
        clocks = [services.clock_port(name) for name in names if settings.test_clock]
        self._ports = choose_ports(home, [*_INNER_PORTS, *nats.port_names(settings), *names, *clocks])
        servers = ("postgres", "fhir", "openehr", *names)
        self._held = HeldPorts([settings.port, *(self._ports[name] for name in servers)])
        self.supervisor = Supervisor(home, nats=self._partner, report=progress.line)
        self.context = Context(
            home=home,
            settings=settings,
            ports=self._ports,
            secrets=self._secrets,
            backends=backends(settings, ports=self._ports, secrets=self._secrets),
            push_origins=(*settings.push_origins, f"http://127.0.0.1:{self._ports['push-receiver']}"),
        )

    async def start(self) -> None:
        """Start everything in dependency order; raises LaunchErrors in an ExceptionGroup."""
        if self._settings.stores_only:
            await self._start_stores()
            return
        async with asyncio.TaskGroup() as tasks:
            begin = tasks.create_task
            pages = begin(self._build_web())
            databases = begin(self._start_postgres())
            begin(self._start_fhir(begin(self._build_fhir()), databases))
            begin(self._start_openehr(databases))
            streams = begin(self._start_nats())
            migrated = [begin(self._migrate(service, databases)) for service in SERVICES]
            ready = [begin(self._start_service(program, [streams, *migrated])) for program in self._services()]
            begin(self._start_caddy(pages, ready))
            if self._settings.observe:
                begin(self._start_prometheus())

    async def _start_stores(self) -> None:
        """The servers that keep something, with nothing in them that was not there before."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._start_postgres())
            tasks.create_task(self._start_broker())
            if self._settings.ehrbase.jar:
                tasks.create_task(self._start_ehrbase_cluster())

    def _services(self) -> Iterable[Program]:
        return services.programs(self.context)

    async def _build_web(self) -> Path:
        if not web.can_build():
            self._progress.line("the web app is not built: npm is missing (`apt install nodejs npm`)")
        with self._progress.step("building the web app"):
            return await web.build(self._home, self._settings.cache)

    async def _build_fhir(self) -> fhir.FhirBuild | None:
        if self._settings.fhir_url:
            return None
        with self._progress.step("building the FHIR server (a minute or two, once)"):
            return await fhir.build(self._home, self._settings.cache)

    async def _start_postgres(self) -> None:
        password = self._secrets[f"database_{postgres.SUPERUSER}"]
        cluster = postgres.Cluster(self._home, port=self._ports["postgres"], password=password)
        passwords = {role: self._secrets[f"database_{role}"] for role in DATABASE_ROLES}
        folder = None if self._settings.stores_only else self._settings.copy
        await self._start_cluster(cluster, "databases.sql", passwords, copied_to=folder)

    async def _start_cluster(
        self, cluster: postgres.Cluster, script: str, passwords: Mapping[str, str], *, copied_to: Path | None = None
    ) -> None:
        await postgres.create_cluster(cluster)
        # Without the keeper of a copy that there was before, no commit may wait for it.
        await self._run(postgres.program(cluster, settings={} if copied_to else {"synchronous_standby_names": ""}))
        if copied_to:
            await self._run(copy.program(self.context, cluster, copied_to))
        with self._progress.step(f"making the databases of {cluster.name}"):
            await postgres.run_script(cluster, script, passwords=passwords)

    async def _start_nats(self) -> None:
        await self._start_broker()
        await self._once(services.provisioning(self.context), name="provision", what="Creating the event streams")

    async def _start_broker(self) -> None:
        passwords = {user: self._secrets[f"nats_{user}"] for user in (*NATS_USERS, "route")}
        async with asyncio.TaskGroup() as tasks:  # none of a cluster is ready without another
            for server in nats.programs(self._home, self._settings, ports=self._ports, passwords=passwords):
                tasks.create_task(self._run(server))

    async def _start_fhir(self, built: asyncio.Task[fhir.FhirBuild | None], databases: asyncio.Task[None]) -> None:
        build = await built
        await databases
        if build is None:
            return
        password = self._secrets["database_fhir"]
        pid = await self._run(fhir.program(self._home, build, ports=self._ports, password=password))
        if not build.archive.exists():
            with self._progress.step("archiving the FHIR server's classes for later starts"):
                await fhir.archive_classes(self._home, build, pid=pid)

    async def _start_openehr(self, databases: asyncio.Task[None]) -> None:
        if self._settings.ehrbase.url:
            return
        if self._settings.ehrbase.jar:
            await self._start_ehrbase(self._settings.ehrbase.jar)
            return
        await databases
        await self._run(openehr.program(self._home, ports=self._ports, secrets=self._secrets))

    async def _start_ehrbase(self, jar: Path) -> None:
        server = ehrbase.program(self._home, jar, ports=self._ports, secrets=self._secrets)
        await self._start_ehrbase_cluster()
        await self._run(server)

    async def _start_ehrbase_cluster(self) -> None:
        password = self._secrets[f"database_{postgres.SUPERUSER}"]
        cluster = ehrbase.cluster(self._home, port=self._ports["openehr-postgres"], password=password)
        passwords = {role: self._secrets[f"database_{role}"] for role in EHRBASE_ROLES}
        await self._start_cluster(cluster, "ehrbase/database.sql", passwords)

    async def _migrate(self, service: str, databases: asyncio.Task[None]) -> None:
        await databases
        await self._once(
            services.migration(self.context, service), name=f"migrate-{service}", what=f"Migrating {service}"
        )

    async def _start_service(self, program: Program, first: Iterable[asyncio.Task[None]]) -> None:
        for task in first:
            await task
        await self._run(program)

    async def _start_caddy(self, pages: asyncio.Task[Path], ready: Iterable[asyncio.Task[None]]) -> None:
        for task in ready:
            await task
        root = await pages
        await self._run(caddy.program(self._home, self._settings, ports=self._ports, web_root=root))

    async def _start_prometheus(self) -> None:
        with self._progress.step("fetching Prometheus (once)"):
            executable = await prometheus.find(self._home, self._settings.cache)
        await self._run(prometheus.program(self.context, executable))

    async def _run(self, program: Program) -> int:
        self._held.release(program.port)
        with self._progress.step(f"starting {program.name}"):
            pid = await self.supervisor.start(program)
        log = self._home.log(program.name)
        self._progress.line(f"{program.name:<10} up: pid {pid}, port {program.port}, log {log}")
        return pid

    async def _once(self, command: Command, *, name: str, what: str) -> None:
        with self._progress.step(what[0].lower() + what[1:]):
            await run_to_end(command, what=what, log=self._home.log(name), seconds=120)

    def _partner(self) -> object:
        user = {"user": "partner", "password": self._secrets["nats_partner"]}
        return {"url": nats.urls(self._settings, self._ports), "partner": user}
