"""Explain: who goes by a name, what is known on either side, and what follows. Reads, and writes nothing anywhere."""

from datetime import datetime

from ldap2scim.directory.anchors import source_anchor
from ldap2scim.errors import DirectoryError, ServiceError, SettingsError
from ldap2scim.explain import directories, history, sections, subjects
from ldap2scim.explain.answer import Answer, Explanation, Values, section
from ldap2scim.explain.directories import Seen
from ldap2scim.explain.planned import Planned, planned
from ldap2scim.explain.sections import Case, Look
from ldap2scim.explain.service import AskingService, AtService
from ldap2scim.explain.subjects import Subject
from ldap2scim.explain.verdict import Known, verdict
from ldap2scim.findings import Finding
from ldap2scim.model import Key, make_key
from ldap2scim.run.context import Run
from ldap2scim.run.frozen import Frozen, frozen_decision, frozen_run
from ldap2scim.run.waiting_orphans import plan_holding
from ldap2scim.settings import ConfiguredDirectory, Settings
from ldap2scim.state.population import StatePlaces


def explain(settings: Settings, who: str, values: Values = Values.CLASS, now: datetime | None = None) -> Explanation:
    """Answer why somebody is, or is not, at the service.

    Args:
        settings: of the administrator.
        who: login, e-mail address, DN, GUID or entryUUID, id at the service, externalId, or a group's name.
        values: whether values of attributes are shown.
        now: the time of evaluation; None: the present.

    Raises:
        StateError: there is no state yet, or it cannot be read.
    """
    with frozen_run(settings, now) as run:
        return _Explaining(run, frozen_decision(run), who, values).explanation()


class _Explaining:
    def __init__(self, run: Run, frozen: Frozen, who: str, values: Values) -> None:
        self._run = run
        self._frozen = frozen
        self._who = who
        self._look = Look(run, frozen, values)
        self._notes: list[str] = []
        self._service = AskingService(run)
        self._findings = self._all_findings()

    def explanation(self) -> Explanation:
        cases = [Case(subject) for subject in subjects.find(self._run.store, self._who)]
        for directory in self._look.by_name.values():
            self._ask_directory(directory, cases)
        self._ask_service(cases)
        answers = tuple(self._answer(case) for case in cases)
        return Explanation(self._who, answers, tuple(self._notes))

    def _ask_directory(self, directory: ConfiguredDirectory, cases: list[Case]) -> None:
        """Look at the entries of `cases` as they are now, and for others of that name."""
        name = directory.settings.name
        try:
            with directories.asking(directory) as asked:
                for case in cases:
                    entry = case.subject.entry
                    if entry is not None and entry.directory == name:
                        case.seen = asked.named(entry.dn)
                        if case.seen is None or case.seen.uuid != entry.uuid:
                            case.seen = asked.identified(entry.uuid) if entry.uuid is not None else None
                known = {case.seen.entry.dn for case in cases if case.seen is not None}
                for seen in asked.called(self._who):
                    if seen.entry.dn not in known:
                        self._add_seen(directory, seen, cases)
        except DirectoryError as error:
            self._notes.append(directories.why_unasked(name, error))
            for case in cases:
                case.unasked |= case.subject.entry is not None and case.subject.entry.directory == name

    def _add_seen(self, directory: ConfiguredDirectory, seen: Seen, cases: list[Case]) -> None:
        name = directory.settings.name
        subject = subjects.of_dn(self._run.store, name, seen.entry.dn, seen.uuid)
        if subject is None:
            anchor = source_anchor(seen.entry, directory.settings)
            key = None if anchor is None else make_key(name, anchor)
            subject = Subject(None, None, None) if key is None else subjects.of_keys(self._run.store, [key])[0]
        for case in cases:
            if subject.key is not None and case.subject.key == subject.key:
                case.subject, case.seen = subject, seen
                return
        cases.append(Case(subject, seen))

    def _ask_service(self, cases: list[Case]) -> None:
        try:
            for case in cases:
                if case.subject.resource is not None:
                    resource = case.subject.resource
                    case.at_service = self._service.with_id(resource.resource_type, resource.service_id)
            managed = {case.subject.resource.service_id for case in cases if case.subject.resource is not None}
            others = [found for found in self._service.called(self._who) if found.service_id not in managed]
            cases += [Case(Subject(None, None, None), at_service=found) for found in others]
        except (ServiceError, SettingsError) as error:
            self._notes.append(
                f"The service could not be asked, so that this is what it last confirmed: {error.message}"
            )

    def _answer(self, case: Case) -> Answer:
        subject, seen, look = case.subject, case.seen, self._look
        key = subject.key
        plan = self._frozen.decision.plan if self._frozen.decision is not None else None
        about = planned(plan, key) if plan is not None and key is not None else Planned((), ())
        name = _name(case, self._who)
        found = self._findings_about(case)
        keys = _keys(key, about)
        past = list(history.history_rows(self._run.store, keys, look.values)) if keys else []
        known = Known(
            entry=subject.entry,
            seen=seen,
            resource=subject.resource,
            at_service=case.at_service,
            orphaned_in=self._orphaned_in(case.at_service),
            planned=about,
            findings=found,
            excluded_by=sections.excluded_by(look, subject.entry),
            has_history=bool(past),
            in_doubt=key is not None and any(one.intent.key == key for one in self._run.state.journal.in_doubt()),
            is_held=key is not None and key in self._frozen.believed.holds.keys,
            first_run=not self._run.state.snapshot.counts(),
            unasked=case.unasked,
            now=self._run.now,
        )
        said = (
            section("Directory", sections.directory_rows(case)),
            section("Scope", sections.scope_rows(look, case)),
            section("Attributes", sections.attribute_rows(look, case)),
            section("Groups", sections.group_rows(look, case)),
            section("Members", sections.member_rows(look, subject)),
            section(
                "Findings", ((f"{one.severity.value}: {one.rule}", f"{one.message} {one.remedy}") for one in found)
            ),
            section("Service", sections.service_rows(case)),
            section("Plan", sections.planned_rows(look, about, key)),
            section("History", past),
        )
        return Answer(name, verdict(known), tuple(one for one in said if one.rows))

    def _orphaned_in(self, found: AtService | None) -> str | None:
        return None if found is None else plan_holding(self._run, found.resource_type, found.service_id)

    def _all_findings(self) -> tuple[Finding, ...]:
        """Return what this look noticed and, after it, what the last run did."""
        latest = self._run.state.runs.latest_runs(1)
        last = self._run.state.runs.findings(latest[0].run_id) if latest else ()
        return tuple(dict.fromkeys((*self._run.findings, *last)))

    def _findings_about(self, case: Case) -> tuple[Finding, ...]:
        entry = case.subject.entry
        names = {entry.dn} if entry is not None else set()
        if case.seen is not None:
            names.add(case.seen.entry.dn)
        if case.subject.resource is not None and case.subject.resource.login:
            names.add(case.subject.resource.login)
        if entry is None and case.subject.key is not None:
            names |= set(StatePlaces(self._run.store, "").dns([case.subject.key]).values())
        own = entry.findings if entry is not None else ()
        others = (one for one in self._findings if not names.isdisjoint(one.subjects))
        return tuple(dict.fromkeys((*own, *others)))


def _name(case: Case, who: str) -> str:
    if case.seen is not None:
        return case.seen.entry.dn
    if case.subject.entry is not None:
        return case.subject.entry.dn
    if case.subject.resource is not None:
        return case.subject.resource.login or case.subject.resource.service_id
    if case.at_service is not None:
        return case.at_service.login or case.at_service.service_id
    return who  # only its history is left


def _keys(key: Key | None, about: Planned) -> tuple[Key, ...]:
    """Return the key, and that of the entry before where this one takes over its resource."""
    if key is None:
        return ()
    operations = (*about.flowing, *(waiting.operation for waiting in about.held))
    replaced = (getattr(one, "replaces", None) for one in operations if one.key == key)
    return (key, *(one for one in replaced if one is not None))
