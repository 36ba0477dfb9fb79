import clinic.audit.operations
import clinic.records
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.constraints
import django.db.models.deletion
import pgtrigger.compiler
import plans.consultations.models
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("clinic", "0001_initial"),
        ("clinic", "__first__"),
        ("patients", "0001_initial"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.CreateModel(
            name="Consultation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consultations",
                        to="patients.patient",
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consultations",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consultations",
                        to="clinic.location",
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("signed", "Signed"),
                            ("amended", "Amended"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "severity_scale",
                    models.CharField(
                        choices=[
                            ("norwood_hamilton", "Norwood–Hamilton"),
                            ("ludwig", "Ludwig"),
                            ("sinclair", "Sinclair"),
                            ("savin", "Savin"),
                            ("salt", "SALT"),
                            ("pull_test", "Pull test"),
                        ],
                        max_length=20,
                    ),
                ),
                ("severity_value", models.CharField(max_length=20)),
                ("goals", models.TextField()),
                (
                    "candidacy",
                    models.CharField(
                        choices=[
                            ("candidate", "Candidate"),
                            ("not_candidate", "Not a candidate"),
                            ("deferred", "Deferred"),
                        ],
                        max_length=15,
                    ),
                ),
                ("notes", models.TextField(blank=True)),
                ("signed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "signed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("amended_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-occurred_at", "-id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        fields=["patient", "-occurred_at"], name="consultation_patient"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status", "draft"),
                                ("signed_at__isnull", True),
                                ("signed_by__isnull", True),
                            ),
                            models.Q(
                                models.Q(("status", "draft"), _negated=True),
                                ("signed_at__isnull", False),
                                ("signed_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="consultation_signed_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status", "amended"), ("amended_at__isnull", False)
                            ),
                            models.Q(
                                models.Q(("status", "amended"), _negated=True),
                                ("amended_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="consultation_amended_stamped",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="7e4274e9d7296dc358159610365eaa093e201205",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_d6e67",
                            table="plans_consultation",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_consultationevent" ("amended_at", "candidacy", "created_at", "goals", "id", "location_id", "notes", "occurred_at", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "severity_scale", "severity_value", "signed_at", "signed_by_id", "status", "updated_at", "version") VALUES (NEW."amended_at", NEW."candidacy", NEW."created_at", NEW."goals", NEW."id", NEW."location_id", NEW."notes", NEW."occurred_at", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."severity_scale", NEW."severity_value", NEW."signed_at", NEW."signed_by_id", NEW."status", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="5f73bb0ad2db81e0c934cce058bae8cd23347d0e",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_7fb15",
                            table="plans_consultation",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_consultationevent" ("amended_at", "candidacy", "created_at", "goals", "id", "location_id", "notes", "occurred_at", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "severity_scale", "severity_value", "signed_at", "signed_by_id", "status", "updated_at", "version") VALUES (NEW."amended_at", NEW."candidacy", NEW."created_at", NEW."goals", NEW."id", NEW."location_id", NEW."notes", NEW."occurred_at", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."severity_scale", NEW."severity_value", NEW."signed_at", NEW."signed_by_id", NEW."status", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="391d200c9cefeb193cf44eef92992d44d4be86ab",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_614a6",
                            table="plans_consultation",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_consultationevent" ("amended_at", "candidacy", "created_at", "goals", "id", "location_id", "notes", "occurred_at", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "severity_scale", "severity_value", "signed_at", "signed_by_id", "status", "updated_at", "version") VALUES (OLD."amended_at", OLD."candidacy", OLD."created_at", OLD."goals", OLD."id", OLD."location_id", OLD."notes", OLD."occurred_at", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."severity_scale", OLD."severity_value", OLD."signed_at", OLD."signed_by_id", OLD."status", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="6a92ed670ded15196337b6840ef3b9f169158389",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_81e7b",
                            table="plans_consultation",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Cause",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "consultation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="causes",
                        to="plans.consultation",
                    ),
                ),
                (
                    "icd10",
                    models.CharField(
                        max_length=8,
                        validators=[plans.consultations.models.validate_icd10],
                        verbose_name="ICD-10",
                    ),
                ),
                (
                    "factor",
                    models.CharField(
                        choices=[
                            ("genetic", "Genetic"),
                            ("hormonal", "Hormonal"),
                            ("age", "Age"),
                            ("stress", "Stress"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                        verbose_name="contributing factor",
                    ),
                ),
                (
                    "is_primary",
                    models.BooleanField(default=False, verbose_name="primary"),
                ),
            ],
            options={
                "ordering": ["-is_primary", "icd10"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("consultation", "icd10", "factor"),
                        name="cause_unique",
                        violation_error_message="This cause stands here already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_primary", True)),
                        fields=("consultation",),
                        name="cause_one_primary",
                        violation_error_message="Only one cause is the primary one.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="e18472afa583ee3c58a056f73811dce6bccdd57a",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_83dad",
                            table="plans_cause",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_causeevent" ("consultation_id", "created_at", "factor", "icd10", "id", "is_primary", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."consultation_id", NEW."created_at", NEW."factor", NEW."icd10", NEW."id", NEW."is_primary", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="c27d0ecd40af241acf0817ac98be46d405db7756",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_d0fe1",
                            table="plans_cause",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_causeevent" ("consultation_id", "created_at", "factor", "icd10", "id", "is_primary", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."consultation_id", NEW."created_at", NEW."factor", NEW."icd10", NEW."id", NEW."is_primary", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="d7d7b640479e4c410fce7f40e0e8bddbaad4e56c",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_9b4bb",
                            table="plans_cause",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_causeevent" ("consultation_id", "created_at", "factor", "icd10", "id", "is_primary", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (OLD."consultation_id", OLD."created_at", OLD."factor", OLD."icd10", OLD."id", OLD."is_primary", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="cc15523edd376f058147846deee6fabaaa1cbb55",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_8e061",
                            table="plans_cause",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Protocol",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("code", models.SlugField(max_length=40)),
                ("version_number", models.PositiveSmallIntegerField(default=1)),
                ("title", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                (
                    "expectation",
                    models.TextField(
                        help_text="Shown to the patient at the proposal and kept with the acceptance. It promises no outcome."
                    ),
                ),
                (
                    "evidence",
                    models.TextField(
                        blank=True, help_text="Where the intervals come from."
                    ),
                ),
                (
                    "is_current",
                    models.BooleanField(
                        default=True, help_text="New plans take the current version."
                    ),
                ),
            ],
            options={
                "ordering": ["title", "-version_number"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("code", "version_number"),
                        name="protocol_version_unique",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_current", True)),
                        fields=("code",),
                        name="protocol_one_current",
                        violation_error_message="Another version of this protocol is current.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="ac140e1fe2aa96112da20d5789e34f723162e85a",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_04b47",
                            table="plans_protocol",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_protocolevent" ("code", "created_at", "description", "evidence", "expectation", "id", "is_current", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title", "updated_at", "version", "version_number") VALUES (NEW."code", NEW."created_at", NEW."description", NEW."evidence", NEW."expectation", NEW."id", NEW."is_current", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."title", NEW."updated_at", NEW."version", NEW."version_number"); RETURN NULL;',
                            hash="18c6f03c8d05eeaba0e19de28c7097d8452358f5",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_6eee4",
                            table="plans_protocol",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_protocolevent" ("code", "created_at", "description", "evidence", "expectation", "id", "is_current", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title", "updated_at", "version", "version_number") VALUES (NEW."code", NEW."created_at", NEW."description", NEW."evidence", NEW."expectation", NEW."id", NEW."is_current", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."title", NEW."updated_at", NEW."version", NEW."version_number"); RETURN NULL;',
                            hash="9628a9cff6715d6d29bbcffee2b643463c4827aa",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_323e5",
                            table="plans_protocol",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_protocolevent" ("code", "created_at", "description", "evidence", "expectation", "id", "is_current", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title", "updated_at", "version", "version_number") VALUES (OLD."code", OLD."created_at", OLD."description", OLD."evidence", OLD."expectation", OLD."id", OLD."is_current", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."title", OLD."updated_at", OLD."version", OLD."version_number"); RETURN NULL;',
                            hash="ca7dddd359001b1bbaf6e1afe48ed8a902d0f41b",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_d39c2",
                            table="plans_protocol",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProtocolStep",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="steps",
                        to="plans.protocol",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("session", "Session"),
                            ("maintenance", "Maintenance session"),
                            ("check_in", "Recovery check-in"),
                            ("assessment", "Assessment"),
                        ],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                (
                    "anchor",
                    models.CharField(
                        choices=[
                            ("plan_start", "Start of the plan"),
                            ("previous_session", "The session before"),
                            ("first_session", "The first session"),
                            ("last_session", "The last session"),
                            ("each_session", "Each session"),
                        ],
                        max_length=20,
                    ),
                ),
                ("offset_months", models.PositiveSmallIntegerField(default=0)),
                ("offset_days", models.PositiveSmallIntegerField(default=0)),
                ("tolerance_before_days", models.PositiveSmallIntegerField(default=0)),
                ("tolerance_after_days", models.PositiveSmallIntegerField(default=0)),
                (
                    "minimum_interval_days",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Earlier is blocked."
                    ),
                ),
                (
                    "advised_interval_days",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Earlier is warned about."
                    ),
                ),
                ("repetitions", models.PositiveSmallIntegerField(default=1)),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
            ],
            options={
                "ordering": ["position"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("protocol", "position"),
                        name="step_position_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["session", "maintenance"]),
                            ("repetitions", 1),
                            _connector="OR",
                        ),
                        name="step_only_sessions_repeat",
                        violation_error_message="Only a session step repeats.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("repetitions__gte", 1), ("repetitions__lte", 24)
                        ),
                        name="step_repetitions_1_to_24",
                        violation_error_message="A step repeats 1 to 24 times.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "check_in"), ("anchor", "each_session")),
                            models.Q(
                                models.Q(("kind", "check_in"), _negated=True),
                                models.Q(("anchor", "each_session"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="step_check_in_follows_each_session",
                        violation_error_message="A check-in follows each session, and nothing else does.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("duration_minutes__isnull", True), ("kind", "check_in")
                            ),
                            models.Q(
                                models.Q(("kind", "check_in"), _negated=True),
                                ("duration_minutes__gte", 5),
                                ("duration_minutes__lte", 720),
                            ),
                            _connector="OR",
                        ),
                        name="step_visit_has_duration",
                        violation_error_message="A visit lasts 5 to 720 minutes; a check-in is not a visit.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="76d73b26b845495ea9b13a4d8a9b8c273c10338f",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_fccc5",
                            table="plans_protocolstep",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_protocolstepevent" ("advised_interval_days", "anchor", "created_at", "duration_minutes", "id", "kind", "minimum_interval_days", "offset_days", "offset_months", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "protocol_id", "repetitions", "title", "tolerance_after_days", "tolerance_before_days", "updated_at", "version") VALUES (NEW."advised_interval_days", NEW."anchor", NEW."created_at", NEW."duration_minutes", NEW."id", NEW."kind", NEW."minimum_interval_days", NEW."offset_days", NEW."offset_months", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."protocol_id", NEW."repetitions", NEW."title", NEW."tolerance_after_days", NEW."tolerance_before_days", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="cfaf76a70ea98eb72b538dc6bba0c564deb8fe33",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_4399b",
                            table="plans_protocolstep",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_protocolstepevent" ("advised_interval_days", "anchor", "created_at", "duration_minutes", "id", "kind", "minimum_interval_days", "offset_days", "offset_months", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "protocol_id", "repetitions", "title", "tolerance_after_days", "tolerance_before_days", "updated_at", "version") VALUES (NEW."advised_interval_days", NEW."anchor", NEW."created_at", NEW."duration_minutes", NEW."id", NEW."kind", NEW."minimum_interval_days", NEW."offset_days", NEW."offset_months", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."protocol_id", NEW."repetitions", NEW."title", NEW."tolerance_after_days", NEW."tolerance_before_days", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="76e0ba0c423a52e63e971996ab42c39f6494f609",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_4645e",
                            table="plans_protocolstep",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_protocolstepevent" ("advised_interval_days", "anchor", "created_at", "duration_minutes", "id", "kind", "minimum_interval_days", "offset_days", "offset_months", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "protocol_id", "repetitions", "title", "tolerance_after_days", "tolerance_before_days", "updated_at", "version") VALUES (OLD."advised_interval_days", OLD."anchor", OLD."created_at", OLD."duration_minutes", OLD."id", OLD."kind", OLD."minimum_interval_days", OLD."offset_days", OLD."offset_months", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."protocol_id", OLD."repetitions", OLD."title", OLD."tolerance_after_days", OLD."tolerance_before_days", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="8cbec7d272b60e9eedaf731ced359576636018af",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_c0434",
                            table="plans_protocolstep",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TreatmentPlan",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="patients.patient",
                    ),
                ),
                (
                    "consultation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="plans.consultation",
                    ),
                ),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="plans.protocol",
                    ),
                ),
                (
                    "lead_practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plans",
                        to="clinic.location",
                    ),
                ),
                ("start_date", models.DateField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("proposed", "Proposed"),
                            ("accepted", "Accepted"),
                            ("active", "Active"),
                            ("on_hold", "On hold"),
                            ("completed", "Completed"),
                            ("declined", "Declined"),
                            ("discontinued", "Discontinued"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "revision",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                ("proposed_at", models.DateTimeField(editable=False, null=True)),
                ("accepted_on", models.DateField(editable=False, null=True)),
                ("expectation_as_shown", models.TextField(blank=True, editable=False)),
                ("declined_at", models.DateTimeField(editable=False, null=True)),
                ("activated_at", models.DateTimeField(editable=False, null=True)),
                ("held_at", models.DateTimeField(editable=False, null=True)),
                ("completed_at", models.DateTimeField(editable=False, null=True)),
                ("discontinued_at", models.DateTimeField(editable=False, null=True)),
                (
                    "status_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
            ],
            options={
                "verbose_name": "plan",
                "ordering": ["-id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        fields=["patient", "status"], name="plan_patient_status"
                    ),
                    models.Index(
                        fields=["location", "status"], name="plan_location_status"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "status__in",
                                    (
                                        "proposed",
                                        "accepted",
                                        "active",
                                        "on_hold",
                                        "declined",
                                    ),
                                ),
                                _negated=True,
                            ),
                            ("proposed_at__isnull", False),
                            _connector="OR",
                        ),
                        name="plan_proposed_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "status__in",
                                    (
                                        "accepted",
                                        "active",
                                        "on_hold",
                                        "completed",
                                        "discontinued",
                                    ),
                                ),
                                ("accepted_on__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "status__in",
                                        (
                                            "accepted",
                                            "active",
                                            "on_hold",
                                            "completed",
                                            "discontinued",
                                        ),
                                    ),
                                    _negated=True,
                                ),
                                models.Q(("accepted_on__isnull", False), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="plan_accepted_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("active", "on_hold", "completed")),
                                _negated=True,
                            ),
                            ("activated_at__isnull", False),
                            _connector="OR",
                        ),
                        name="plan_activated_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("declined",)),
                                ("declined_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("declined",)), _negated=True),
                                models.Q(("declined_at__isnull", False), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="plan_declined_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("on_hold",)), ("held_at__isnull", False)
                            ),
                            models.Q(
                                models.Q(("status__in", ("on_hold",)), _negated=True),
                                models.Q(("held_at__isnull", False), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="plan_held_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("completed",)),
                                ("completed_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("completed",)), _negated=True),
                                models.Q(
                                    ("completed_at__isnull", False), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="plan_completed_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("discontinued",)),
                                ("discontinued_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ("discontinued",)), _negated=True
                                ),
                                models.Q(
                                    ("discontinued_at__isnull", False), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="plan_discontinued_stamped",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="228cff96d42ed26cf0a8476307d3dc027e6274a2",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_db416",
                            table="plans_treatmentplan",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_treatmentplanevent" ("accepted_on", "activated_at", "completed_at", "consultation_id", "created_at", "declined_at", "discontinued_at", "expectation_as_shown", "held_at", "id", "lead_practitioner_id", "location_id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "protocol_id", "revision", "start_date", "status", "status_reason", "updated_at", "version") VALUES (NEW."accepted_on", NEW."activated_at", NEW."completed_at", NEW."consultation_id", NEW."created_at", NEW."declined_at", NEW."discontinued_at", NEW."expectation_as_shown", NEW."held_at", NEW."id", NEW."lead_practitioner_id", NEW."location_id", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."proposed_at", NEW."protocol_id", NEW."revision", NEW."start_date", NEW."status", NEW."status_reason", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="3be24e6424c5604d02df213b77d895b7143edbb1",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_1b878",
                            table="plans_treatmentplan",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_treatmentplanevent" ("accepted_on", "activated_at", "completed_at", "consultation_id", "created_at", "declined_at", "discontinued_at", "expectation_as_shown", "held_at", "id", "lead_practitioner_id", "location_id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "protocol_id", "revision", "start_date", "status", "status_reason", "updated_at", "version") VALUES (NEW."accepted_on", NEW."activated_at", NEW."completed_at", NEW."consultation_id", NEW."created_at", NEW."declined_at", NEW."discontinued_at", NEW."expectation_as_shown", NEW."held_at", NEW."id", NEW."lead_practitioner_id", NEW."location_id", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."proposed_at", NEW."protocol_id", NEW."revision", NEW."start_date", NEW."status", NEW."status_reason", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="e3f1960e96ce072a24c5d758ef9e8a56f93ce785",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_32f9c",
                            table="plans_treatmentplan",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_treatmentplanevent" ("accepted_on", "activated_at", "completed_at", "consultation_id", "created_at", "declined_at", "discontinued_at", "expectation_as_shown", "held_at", "id", "lead_practitioner_id", "location_id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "protocol_id", "revision", "start_date", "status", "status_reason", "updated_at", "version") VALUES (OLD."accepted_on", OLD."activated_at", OLD."completed_at", OLD."consultation_id", OLD."created_at", OLD."declined_at", OLD."discontinued_at", OLD."expectation_as_shown", OLD."held_at", OLD."id", OLD."lead_practitioner_id", OLD."location_id", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."proposed_at", OLD."protocol_id", OLD."revision", OLD."start_date", OLD."status", OLD."status_reason", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="878158e29cb5d8f3c2ef9a1c84b309ea6b36938e",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_5cfda",
                            table="plans_treatmentplan",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProcedureSession",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="plans.proceduresession",
                    ),
                ),
                ("sequence", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=120)),
                ("duration_minutes", models.PositiveSmallIntegerField()),
                ("target_date", models.DateField()),
                ("window_start", models.DateField()),
                ("window_end", models.DateField()),
                (
                    "pinned_on",
                    models.DateField(
                        blank=True,
                        editable=False,
                        help_text="A target set by a person.",
                        null=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("in_progress", "In progress"),
                            ("performed", "Performed"),
                            ("aborted", "Aborted"),
                            ("signed", "Signed"),
                            ("amended", "Amended"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField(editable=False, null=True)),
                ("performed_at", models.DateTimeField(editable=False, null=True)),
                ("aborted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "abort_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancel_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions_performed",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "zones",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("frontal", "Frontal"),
                                ("midscalp", "Midscalp"),
                                ("vertex", "Vertex"),
                                ("left_temporal", "Left temporal"),
                                ("right_temporal", "Right temporal"),
                                ("occipital", "Occipital"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "pain_0_10",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(10)],
                        verbose_name="pain (0–10)",
                    ),
                ),
                ("deviations", models.TextField(blank=True)),
                ("signed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "signed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("amended_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "session",
                "ordering": ["plan", "sequence", "id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "planned")),
                        fields=["window_end"],
                        name="session_owed",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("aborted_at__isnull", True), ("cancelled_at__isnull", True)
                        ),
                        fields=("plan", "sequence"),
                        name="session_sequence_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("window_end__gte", models.F("target_date")),
                            ("window_start__lte", models.F("target_date")),
                        ),
                        name="session_target_in_window",
                        violation_error_message="The target date lies in the window.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ["planned", "cancelled"]),
                                ("started_at__isnull", True),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ["planned", "cancelled"]),
                                    _negated=True,
                                ),
                                ("started_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="session_started_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("aborted_at__isnull", True),
                                ("performed_at__isnull", True),
                                ("status__in", ["planned", "in_progress", "cancelled"]),
                            ),
                            models.Q(
                                ("aborted_at__isnull", True),
                                ("performed_at__isnull", False),
                                ("status", "performed"),
                            ),
                            models.Q(
                                ("aborted_at__isnull", False),
                                ("performed_at__isnull", True),
                                ("status", "aborted"),
                            ),
                            models.Q(
                                ("aborted_at__isnull", True),
                                ("performed_at__isnull", False),
                                ("status__in", ["signed", "amended"]),
                            ),
                            models.Q(
                                ("aborted_at__isnull", False),
                                ("performed_at__isnull", True),
                                ("status__in", ["signed", "amended"]),
                            ),
                            _connector="OR",
                        ),
                        name="session_outcome_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("cancelled",)),
                                ("cancelled_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("cancelled",)), _negated=True),
                                models.Q(
                                    ("cancelled_at__isnull", False), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="session_cancelled_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("signed", "amended")),
                                ("signed_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ("signed", "amended")), _negated=True
                                ),
                                models.Q(("signed_at__isnull", False), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="session_signed_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("amended",)),
                                ("amended_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("amended",)), _negated=True),
                                models.Q(("amended_at__isnull", False), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="session_amended_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("pain_0_10__isnull", True),
                            ("pain_0_10__lte", 10),
                            _connector="OR",
                        ),
                        name="session_pain_0_to_10",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="cee639f3468c04c95089dbeb434aefb1e1615bc2",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_23145",
                            table="plans_proceduresession",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_proceduresessionevent" ("abort_reason", "aborted_at", "amended_at", "cancel_reason", "cancelled_at", "created_at", "deviations", "duration_minutes", "id", "operator_id", "pain_0_10", "performed_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinned_on", "plan_id", "replaces_id", "sequence", "signed_at", "signed_by_id", "started_at", "status", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start", "zones") VALUES (NEW."abort_reason", NEW."aborted_at", NEW."amended_at", NEW."cancel_reason", NEW."cancelled_at", NEW."created_at", NEW."deviations", NEW."duration_minutes", NEW."id", NEW."operator_id", NEW."pain_0_10", NEW."performed_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pinned_on", NEW."plan_id", NEW."replaces_id", NEW."sequence", NEW."signed_at", NEW."signed_by_id", NEW."started_at", NEW."status", NEW."step_id", NEW."target_date", NEW."title", NEW."updated_at", NEW."version", NEW."window_end", NEW."window_start", NEW."zones"); RETURN NULL;',
                            hash="a9183a4ea141ad36999482b41ce4f4505887f4a6",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_b86f3",
                            table="plans_proceduresession",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_proceduresessionevent" ("abort_reason", "aborted_at", "amended_at", "cancel_reason", "cancelled_at", "created_at", "deviations", "duration_minutes", "id", "operator_id", "pain_0_10", "performed_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinned_on", "plan_id", "replaces_id", "sequence", "signed_at", "signed_by_id", "started_at", "status", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start", "zones") VALUES (NEW."abort_reason", NEW."aborted_at", NEW."amended_at", NEW."cancel_reason", NEW."cancelled_at", NEW."created_at", NEW."deviations", NEW."duration_minutes", NEW."id", NEW."operator_id", NEW."pain_0_10", NEW."performed_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pinned_on", NEW."plan_id", NEW."replaces_id", NEW."sequence", NEW."signed_at", NEW."signed_by_id", NEW."started_at", NEW."status", NEW."step_id", NEW."target_date", NEW."title", NEW."updated_at", NEW."version", NEW."window_end", NEW."window_start", NEW."zones"); RETURN NULL;',
                            hash="007b212cb5acd7cb61086042ffd038f109ff9155",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_3522d",
                            table="plans_proceduresession",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_proceduresessionevent" ("abort_reason", "aborted_at", "amended_at", "cancel_reason", "cancelled_at", "created_at", "deviations", "duration_minutes", "id", "operator_id", "pain_0_10", "performed_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinned_on", "plan_id", "replaces_id", "sequence", "signed_at", "signed_by_id", "started_at", "status", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start", "zones") VALUES (OLD."abort_reason", OLD."aborted_at", OLD."amended_at", OLD."cancel_reason", OLD."cancelled_at", OLD."created_at", OLD."deviations", OLD."duration_minutes", OLD."id", OLD."operator_id", OLD."pain_0_10", OLD."performed_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."pinned_on", OLD."plan_id", OLD."replaces_id", OLD."sequence", OLD."signed_at", OLD."signed_by_id", OLD."started_at", OLD."status", OLD."step_id", OLD."target_date", OLD."title", OLD."updated_at", OLD."version", OLD."window_end", OLD."window_start", OLD."zones"); RETURN NULL;',
                            hash="a947f12de3b7dc9648909a95d55501cb0a0000d9",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_b20ab",
                            table="plans_proceduresession",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckIn",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="check_ins",
                        to="plans.protocolstep",
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("target_date", models.DateField()),
                ("window_start", models.DateField()),
                ("window_end", models.DateField()),
                ("answered_at", models.DateTimeField(editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancel_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
            ],
            options={
                "verbose_name": "check-in",
                "ordering": ["target_date", "id"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("session", "step"), name="check_in_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("window_end__gte", models.F("target_date")),
                            ("window_start__lte", models.F("target_date")),
                        ),
                        name="check_in_target_in_window",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("answered_at__isnull", True),
                            ("cancelled_at__isnull", True),
                            _connector="OR",
                        ),
                        name="check_in_answered_or_cancelled",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="38214d40096ab3f9683f396aa58d7be87ff2fbd5",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_d200f",
                            table="plans_checkin",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_checkinevent" ("answered_at", "cancel_reason", "cancelled_at", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start") VALUES (NEW."answered_at", NEW."cancel_reason", NEW."cancelled_at", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."session_id", NEW."step_id", NEW."target_date", NEW."title", NEW."updated_at", NEW."version", NEW."window_end", NEW."window_start"); RETURN NULL;',
                            hash="8b310f7efaa3fa3e0d34efda0d96a7245303f947",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_d97ce",
                            table="plans_checkin",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_checkinevent" ("answered_at", "cancel_reason", "cancelled_at", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start") VALUES (NEW."answered_at", NEW."cancel_reason", NEW."cancelled_at", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."session_id", NEW."step_id", NEW."target_date", NEW."title", NEW."updated_at", NEW."version", NEW."window_end", NEW."window_start"); RETURN NULL;',
                            hash="687d734d2d71f7437ce41e6beb1d0789242fabe5",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_dac88",
                            table="plans_checkin",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_checkinevent" ("answered_at", "cancel_reason", "cancelled_at", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "session_id", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start") VALUES (OLD."answered_at", OLD."cancel_reason", OLD."cancelled_at", OLD."created_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."session_id", OLD."step_id", OLD."target_date", OLD."title", OLD."updated_at", OLD."version", OLD."window_end", OLD."window_start"); RETURN NULL;',
                            hash="22502a65d1b4454b75ca0c457ee9f521a87b9a50",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_acc9a",
                            table="plans_checkin",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionComponent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="components",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "modality",
                    models.CharField(
                        choices=[
                            ("prp", "PRP"),
                            ("stem_cell", "Stem cell"),
                            ("microneedling", "Microneedling"),
                            ("exosome", "Exosome"),
                        ],
                        max_length=20,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "verbose_name": "component",
                "ordering": ["position"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("session", "modality"),
                        name="component_modality_once",
                        violation_error_message="A session holds one component of each modality.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="fb1ffe9f7af0c7866fd210b9da29cf23fae60295",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_01b25",
                            table="plans_sessioncomponent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_sessioncomponentevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "session_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."modality", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."session_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="7ff1beb16c4bfb2fd7cc4d7dbc9214a67cee1f31",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_b8fca",
                            table="plans_sessioncomponent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_sessioncomponentevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "session_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."modality", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."session_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="f3c5c37acd6f55d2f86ba9034afa92a2bdf2e5a9",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_cfe3e",
                            table="plans_sessioncomponent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_sessioncomponentevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "session_id", "updated_at", "version") VALUES (OLD."created_at", OLD."id", OLD."modality", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."session_id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="7f41d6cc98d310f222e4e63920beee55daa7f3c8",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_5a8af",
                            table="plans_sessioncomponent",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ComponentWarning",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="warnings",
                        to="plans.sessioncomponent",
                    ),
                ),
                ("attr", models.CharField(max_length=60)),
                ("code", models.CharField(max_length=40)),
                ("detail", models.CharField(max_length=300)),
            ],
            options={
                "ordering": ["id"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="a9bbf28847415b1b961246a0c7404774f2114ffd",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_9fdc0",
                            table="plans_componentwarning",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_componentwarningevent" ("attr", "code", "component_id", "created_at", "detail", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."attr", NEW."code", NEW."component_id", NEW."created_at", NEW."detail", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="1849a0678d1675525e878eceecf6f4c414c561f7",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_dba80",
                            table="plans_componentwarning",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_componentwarningevent" ("attr", "code", "component_id", "created_at", "detail", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."attr", NEW."code", NEW."component_id", NEW."created_at", NEW."detail", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="cb28ae4cc74d10c65d1b5c297792bc1aad2359b8",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_b0bdf",
                            table="plans_componentwarning",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_componentwarningevent" ("attr", "code", "component_id", "created_at", "detail", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (OLD."attr", OLD."code", OLD."component_id", OLD."created_at", OLD."detail", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="2d4e7a8d3b8549df548f3d1ade0da55574fc1196",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_68ab3",
                            table="plans_componentwarning",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryPass",
            fields=[
                (
                    "name",
                    models.CharField(max_length=20, primary_key=True, serialize=False),
                ),
                ("finished_at", models.DateTimeField()),
                ("sent", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="ExosomeRecord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exosome",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("autologous", "Autologous"),
                            ("allogeneic", "Allogeneic"),
                            ("plant", "Plant"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "particles_per_ml",
                    models.BigIntegerField(
                        help_text="1000000–10000000000000 /mL",
                        validators=[
                            django.core.validators.MinValueValidator(1000000),
                            django.core.validators.MaxValueValidator(10000000000000),
                        ],
                    ),
                ),
                (
                    "dose_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.1–20 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("20")),
                        ],
                    ),
                ),
                ("route", models.CharField(max_length=60)),
                ("regulatory_basis", models.CharField(blank=True, max_length=120)),
                (
                    "storage_c",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="-196–30 °C",
                        max_digits=3,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("-196")),
                            django.core.validators.MaxValueValidator(Decimal("30")),
                        ],
                    ),
                ),
                ("reconstituted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "exosome record",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("particles_per_ml__isnull", True),
                            models.Q(
                                ("particles_per_ml__gte", Decimal("1000000")),
                                ("particles_per_ml__lte", Decimal("10000000000000")),
                            ),
                            _connector="OR",
                        ),
                        name="exosome_particles_per_ml_range",
                        violation_error_message="particles_per_ml must lie within 1000000–10000000000000 /mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("dose_ml__isnull", True),
                            models.Q(
                                ("dose_ml__gte", Decimal("0.1")),
                                ("dose_ml__lte", Decimal("20")),
                            ),
                            _connector="OR",
                        ),
                        name="exosome_dose_ml_range",
                        violation_error_message="dose_ml must lie within 0.1–20 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("storage_c__isnull", True),
                            models.Q(
                                ("storage_c__gte", Decimal("-196")),
                                ("storage_c__lte", Decimal("30")),
                            ),
                            _connector="OR",
                        ),
                        name="exosome_storage_c_range",
                        violation_error_message="storage_c must lie within -196–30 °C.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="921ee2704fb2aad0091791aa8ea3f9f575a93198",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_358fe",
                            table="plans_exosomerecord",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_exosomerecordevent" ("component_id", "created_at", "dose_ml", "id", "particles_per_ml", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reconstituted_at", "regulatory_basis", "route", "source", "storage_c", "updated_at", "version") VALUES (NEW."component_id", NEW."created_at", NEW."dose_ml", NEW."id", NEW."particles_per_ml", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reconstituted_at", NEW."regulatory_basis", NEW."route", NEW."source", NEW."storage_c", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="b6710874d5c6018850530ab616caceb3a55fbccf",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_1f90c",
                            table="plans_exosomerecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_exosomerecordevent" ("component_id", "created_at", "dose_ml", "id", "particles_per_ml", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reconstituted_at", "regulatory_basis", "route", "source", "storage_c", "updated_at", "version") VALUES (NEW."component_id", NEW."created_at", NEW."dose_ml", NEW."id", NEW."particles_per_ml", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reconstituted_at", NEW."regulatory_basis", NEW."route", NEW."source", NEW."storage_c", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="ea4fe06a5214d26cfc1686e78b653f272b0d4847",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_781c1",
                            table="plans_exosomerecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_exosomerecordevent" ("component_id", "created_at", "dose_ml", "id", "particles_per_ml", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reconstituted_at", "regulatory_basis", "route", "source", "storage_c", "updated_at", "version") VALUES (OLD."component_id", OLD."created_at", OLD."dose_ml", OLD."id", OLD."particles_per_ml", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reconstituted_at", OLD."regulatory_basis", OLD."route", OLD."source", OLD."storage_c", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="2217d5dfb9c355a53e78b8f510ae7360b7e2e060",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_493da",
                            table="plans_exosomerecord",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MicroneedlingRecord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="microneedling",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        choices=[("roller", "Roller"), ("pen", "Pen"), ("rf", "RF")],
                        max_length=10,
                    ),
                ),
                (
                    "needle_length_mm",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.2–3 mm",
                        max_digits=3,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.2")),
                            django.core.validators.MaxValueValidator(Decimal("3")),
                        ],
                    ),
                ),
                (
                    "passes",
                    models.BigIntegerField(
                        help_text="1–30 passes",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                    ),
                ),
                (
                    "endpoint",
                    models.CharField(
                        choices=[
                            ("erythema", "Erythema"),
                            ("pinpoint_bleeding", "Pinpoint bleeding"),
                        ],
                        max_length=20,
                    ),
                ),
                ("speed", models.CharField(blank=True, max_length=60)),
                ("topical", models.CharField(blank=True, max_length=120)),
                (
                    "order",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Its place beside its partner.", null=True
                    ),
                ),
            ],
            options={
                "verbose_name": "microneedling record",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("needle_length_mm__isnull", True),
                            models.Q(
                                ("needle_length_mm__gte", Decimal("0.2")),
                                ("needle_length_mm__lte", Decimal("3")),
                            ),
                            _connector="OR",
                        ),
                        name="microneedling_needle_length_mm_range",
                        violation_error_message="needle_length_mm must lie within 0.2–3 mm.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("passes__isnull", True),
                            models.Q(
                                ("passes__gte", Decimal("1")),
                                ("passes__lte", Decimal("30")),
                            ),
                            _connector="OR",
                        ),
                        name="microneedling_passes_range",
                        violation_error_message="passes must lie within 1–30 passes.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="e78f53b75cfad88172427e7b4519bc9f456df9d4",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_63b55",
                            table="plans_microneedlingrecord",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_microneedlingrecordevent" ("component_id", "created_at", "device", "endpoint", "id", "needle_length_mm", "order", "passes", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "speed", "topical", "updated_at", "version") VALUES (NEW."component_id", NEW."created_at", NEW."device", NEW."endpoint", NEW."id", NEW."needle_length_mm", NEW."order", NEW."passes", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."speed", NEW."topical", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="1a7fa4e14f1b312d9dce6239a7bc301068b64d47",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_26e9e",
                            table="plans_microneedlingrecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_microneedlingrecordevent" ("component_id", "created_at", "device", "endpoint", "id", "needle_length_mm", "order", "passes", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "speed", "topical", "updated_at", "version") VALUES (NEW."component_id", NEW."created_at", NEW."device", NEW."endpoint", NEW."id", NEW."needle_length_mm", NEW."order", NEW."passes", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."speed", NEW."topical", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="512497e0b96311478bf3060d2ba541c04c1ecab4",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_17901",
                            table="plans_microneedlingrecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_microneedlingrecordevent" ("component_id", "created_at", "device", "endpoint", "id", "needle_length_mm", "order", "passes", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "speed", "topical", "updated_at", "version") VALUES (OLD."component_id", OLD."created_at", OLD."device", OLD."endpoint", OLD."id", OLD."needle_length_mm", OLD."order", OLD."passes", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."speed", OLD."topical", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="15ec6d9980e0fd51c2525efa04444f1d29ee4b84",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_b3152",
                            table="plans_microneedlingrecord",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PrpRecord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prp",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "blood_drawn_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="5–180 mL",
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("5")),
                            django.core.validators.MaxValueValidator(Decimal("180")),
                        ],
                    ),
                ),
                (
                    "anticoagulant",
                    models.CharField(
                        choices=[
                            ("acd_a", "ACD-A"),
                            ("sodium_citrate", "Sodium citrate"),
                            ("none", "None"),
                            ("other", "Other"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "yield_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.5–60 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.5")),
                            django.core.validators.MaxValueValidator(Decimal("60")),
                        ],
                    ),
                ),
                (
                    "baseline_platelets_10e3_per_ul",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="10–1500 ×10³/µL",
                        max_digits=5,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("10")),
                            django.core.validators.MaxValueValidator(Decimal("1500")),
                        ],
                    ),
                ),
                (
                    "prp_platelets_10e3_per_ul",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="50–5000 ×10³/µL",
                        max_digits=5,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("50")),
                            django.core.validators.MaxValueValidator(Decimal("5000")),
                        ],
                    ),
                ),
                (
                    "leukocytes",
                    models.CharField(
                        choices=[
                            ("rich", "Rich"),
                            ("poor", "Poor"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "activation",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("cacl2", "CaCl₂"),
                            ("ca_gluconate", "Ca gluconate"),
                            ("thrombin", "Thrombin"),
                            ("other", "Other"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "injected_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.5–20 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.5")),
                            django.core.validators.MaxValueValidator(Decimal("20")),
                        ],
                    ),
                ),
                (
                    "area_cm2",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="10–400 cm²",
                        max_digits=4,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("10")),
                            django.core.validators.MaxValueValidator(Decimal("400")),
                        ],
                    ),
                ),
                (
                    "depth_mm",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="0.5–10 mm",
                        max_digits=3,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.5")),
                            django.core.validators.MaxValueValidator(Decimal("10")),
                        ],
                    ),
                ),
                (
                    "points",
                    models.BigIntegerField(
                        blank=True,
                        help_text="1–500 points",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(500),
                        ],
                    ),
                ),
                (
                    "spacing_cm",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="0.1–5 cm",
                        max_digits=2,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("5")),
                        ],
                    ),
                ),
                (
                    "needle_gauge",
                    models.BigIntegerField(
                        blank=True,
                        help_text="18–34 G",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(18),
                            django.core.validators.MaxValueValidator(34),
                        ],
                    ),
                ),
                ("drawn_at", models.DateTimeField(blank=True, null=True)),
                ("injected_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "PRP record",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("blood_drawn_ml__isnull", True),
                            models.Q(
                                ("blood_drawn_ml__gte", Decimal("5")),
                                ("blood_drawn_ml__lte", Decimal("180")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_blood_drawn_ml_range",
                        violation_error_message="blood_drawn_ml must lie within 5–180 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("yield_ml__isnull", True),
                            models.Q(
                                ("yield_ml__gte", Decimal("0.5")),
                                ("yield_ml__lte", Decimal("60")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_yield_ml_range",
                        violation_error_message="yield_ml must lie within 0.5–60 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("baseline_platelets_10e3_per_ul__isnull", True),
                            models.Q(
                                ("baseline_platelets_10e3_per_ul__gte", Decimal("10")),
                                (
                                    "baseline_platelets_10e3_per_ul__lte",
                                    Decimal("1500"),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="prp_baseline_platelets_10e3_per_ul_range",
                        violation_error_message="baseline_platelets_10e3_per_ul must lie within 10–1500 ×10³/µL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("prp_platelets_10e3_per_ul__isnull", True),
                            models.Q(
                                ("prp_platelets_10e3_per_ul__gte", Decimal("50")),
                                ("prp_platelets_10e3_per_ul__lte", Decimal("5000")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_prp_platelets_10e3_per_ul_range",
                        violation_error_message="prp_platelets_10e3_per_ul must lie within 50–5000 ×10³/µL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("injected_ml__isnull", True),
                            models.Q(
                                ("injected_ml__gte", Decimal("0.5")),
                                ("injected_ml__lte", Decimal("20")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_injected_ml_range",
                        violation_error_message="injected_ml must lie within 0.5–20 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("area_cm2__isnull", True),
                            models.Q(
                                ("area_cm2__gte", Decimal("10")),
                                ("area_cm2__lte", Decimal("400")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_area_cm2_range",
                        violation_error_message="area_cm2 must lie within 10–400 cm².",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("depth_mm__isnull", True),
                            models.Q(
                                ("depth_mm__gte", Decimal("0.5")),
                                ("depth_mm__lte", Decimal("10")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_depth_mm_range",
                        violation_error_message="depth_mm must lie within 0.5–10 mm.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("points__isnull", True),
                            models.Q(
                                ("points__gte", Decimal("1")),
                                ("points__lte", Decimal("500")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_points_range",
                        violation_error_message="points must lie within 1–500 points.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("spacing_cm__isnull", True),
                            models.Q(
                                ("spacing_cm__gte", Decimal("0.1")),
                                ("spacing_cm__lte", Decimal("5")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_spacing_cm_range",
                        violation_error_message="spacing_cm must lie within 0.1–5 cm.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("needle_gauge__isnull", True),
                            models.Q(
                                ("needle_gauge__gte", Decimal("18")),
                                ("needle_gauge__lte", Decimal("34")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_needle_gauge_range",
                        violation_error_message="needle_gauge must lie within 18–34 G.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("injected_ml__lte", models.F("yield_ml")),
                            ("yield_ml__lt", models.F("blood_drawn_ml")),
                        ),
                        name="prp_injected_within_yield_within_draw",
                        violation_error_message="Injected ≤ yield < blood drawn.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("drawn_at__isnull", True),
                            ("injected_at__isnull", True),
                            ("injected_at__gte", models.F("drawn_at")),
                            _connector="OR",
                        ),
                        name="prp_injected_after_draw",
                        violation_error_message="Injection comes after the draw.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="19fd9f903b1e6e8af8d08e2ee271838911c4f101",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_6d348",
                            table="plans_prprecord",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_prprecordevent" ("activation", "anticoagulant", "area_cm2", "baseline_platelets_10e3_per_ul", "blood_drawn_ml", "component_id", "created_at", "depth_mm", "drawn_at", "id", "injected_at", "injected_ml", "leukocytes", "needle_gauge", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "prp_platelets_10e3_per_ul", "spacing_cm", "updated_at", "version", "yield_ml") VALUES (NEW."activation", NEW."anticoagulant", NEW."area_cm2", NEW."baseline_platelets_10e3_per_ul", NEW."blood_drawn_ml", NEW."component_id", NEW."created_at", NEW."depth_mm", NEW."drawn_at", NEW."id", NEW."injected_at", NEW."injected_ml", NEW."leukocytes", NEW."needle_gauge", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."points", NEW."prp_platelets_10e3_per_ul", NEW."spacing_cm", NEW."updated_at", NEW."version", NEW."yield_ml"); RETURN NULL;',
                            hash="1b13b2ca4ffdb39aff20f7c51e9250d1b14faa20",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_da7f3",
                            table="plans_prprecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_prprecordevent" ("activation", "anticoagulant", "area_cm2", "baseline_platelets_10e3_per_ul", "blood_drawn_ml", "component_id", "created_at", "depth_mm", "drawn_at", "id", "injected_at", "injected_ml", "leukocytes", "needle_gauge", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "prp_platelets_10e3_per_ul", "spacing_cm", "updated_at", "version", "yield_ml") VALUES (NEW."activation", NEW."anticoagulant", NEW."area_cm2", NEW."baseline_platelets_10e3_per_ul", NEW."blood_drawn_ml", NEW."component_id", NEW."created_at", NEW."depth_mm", NEW."drawn_at", NEW."id", NEW."injected_at", NEW."injected_ml", NEW."leukocytes", NEW."needle_gauge", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."points", NEW."prp_platelets_10e3_per_ul", NEW."spacing_cm", NEW."updated_at", NEW."version", NEW."yield_ml"); RETURN NULL;',
                            hash="2ec1ead913e2cd6dffc6b3be9b0cf3c0cd9ec618",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_d255b",
                            table="plans_prprecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_prprecordevent" ("activation", "anticoagulant", "area_cm2", "baseline_platelets_10e3_per_ul", "blood_drawn_ml", "component_id", "created_at", "depth_mm", "drawn_at", "id", "injected_at", "injected_ml", "leukocytes", "needle_gauge", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "prp_platelets_10e3_per_ul", "spacing_cm", "updated_at", "version", "yield_ml") VALUES (OLD."activation", OLD."anticoagulant", OLD."area_cm2", OLD."baseline_platelets_10e3_per_ul", OLD."blood_drawn_ml", OLD."component_id", OLD."created_at", OLD."depth_mm", OLD."drawn_at", OLD."id", OLD."injected_at", OLD."injected_ml", OLD."leukocytes", OLD."needle_gauge", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."points", OLD."prp_platelets_10e3_per_ul", OLD."spacing_cm", OLD."updated_at", OLD."version", OLD."yield_ml"); RETURN NULL;',
                            hash="2d8d6cf01ac165c703e16914bc69e9abca559d9f",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_491d2",
                            table="plans_prprecord",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PrpSpin",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "record",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spins",
                        to="plans.prprecord",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "rcf_g",
                    models.BigIntegerField(
                        help_text="50–3500 g",
                        validators=[
                            django.core.validators.MinValueValidator(50),
                            django.core.validators.MaxValueValidator(3500),
                        ],
                    ),
                ),
                (
                    "minutes",
                    models.DecimalField(
                        decimal_places=1,
                        help_text="1–30 min",
                        max_digits=3,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("1")),
                            django.core.validators.MaxValueValidator(Decimal("30")),
                        ],
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rcf_g__isnull", True),
                            models.Q(
                                ("rcf_g__gte", Decimal("50")),
                                ("rcf_g__lte", Decimal("3500")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_spin_rcf_g_range",
                        violation_error_message="rcf_g must lie within 50–3500 g.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("minutes__isnull", True),
                            models.Q(
                                ("minutes__gte", Decimal("1")),
                                ("minutes__lte", Decimal("30")),
                            ),
                            _connector="OR",
                        ),
                        name="prp_spin_minutes_range",
                        violation_error_message="minutes must lie within 1–30 min.",
                    ),
                    models.UniqueConstraint(
                        fields=("record", "position"), name="prp_spin_position_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("position__gte", 1), ("position__lte", 2)),
                        name="prp_spin_at_most_two",
                        violation_error_message="PRP is spun at most twice; no spin means filtration.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="ff656ee7678a4c06c8560daff30b2e56155cf74a",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_ed4d7",
                            table="plans_prpspin",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_prpspinevent" ("created_at", "id", "minutes", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "rcf_g", "record_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."minutes", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."rcf_g", NEW."record_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="a77bcca137acb1baf9c1207c706f599ca3fa70d2",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_84745",
                            table="plans_prpspin",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_prpspinevent" ("created_at", "id", "minutes", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "rcf_g", "record_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."minutes", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."rcf_g", NEW."record_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="ca539fdca6fae354a72298af4b0f20a9339dc353",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_acf59",
                            table="plans_prpspin",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_prpspinevent" ("created_at", "id", "minutes", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "rcf_g", "record_id", "updated_at", "version") VALUES (OLD."created_at", OLD."id", OLD."minutes", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."rcf_g", OLD."record_id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="26bb3ee17d4d7bd36b3dfc6ad9451e7a881fd3cc",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_f8383",
                            table="plans_prpspin",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScreeningItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("code", models.SlugField(max_length=60, unique=True)),
                ("label", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("boolean", "Yes or no"), ("number", "Number")],
                        default="boolean",
                        max_length=10,
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=20)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("absolute", "Absolute: blocks"),
                            ("relative", "Relative: warns"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "modalities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("prp", "PRP"),
                                ("stem_cell", "Stem cell"),
                                ("microneedling", "Microneedling"),
                                ("exosome", "Exosome"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        help_text="The modalities it concerns; empty: all.",
                        size=None,
                    ),
                ),
                (
                    "applies_to_sexes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("female", "Female"),
                                ("male", "Male"),
                                ("other", "Other"),
                                ("unknown", "Unknown"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        help_text="Who is asked; empty: everybody.",
                        size=None,
                    ),
                ),
                (
                    "unremarkable_boolean",
                    models.BooleanField(
                        blank=True,
                        help_text="The answer that raises nothing.",
                        null=True,
                    ),
                ),
                (
                    "unremarkable_number",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
                (
                    "block_below",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
                (
                    "warn_below",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "can_override",
                    models.BooleanField(
                        default=True,
                        help_text="Whether a reason can lift an absolute block.",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "code"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("kind", "boolean"),
                                ("unremarkable_boolean__isnull", False),
                                ("unremarkable_number__isnull", True),
                            ),
                            models.Q(
                                ("kind", "number"),
                                ("unremarkable_boolean__isnull", True),
                                ("unremarkable_number__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="screening_item_unremarkable_of_its_kind",
                        violation_error_message="Give the unremarkable answer in the item's own kind.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="1880909b1dbfa3e6d895f6d42690bb5f23c2d8c1",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_bca02",
                            table="plans_screeningitem",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_screeningitemevent" ("applies_to_sexes", "block_below", "can_override", "code", "created_at", "id", "is_active", "kind", "label", "modalities", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "severity", "unit", "unremarkable_boolean", "unremarkable_number", "updated_at", "version", "warn_below") VALUES (NEW."applies_to_sexes", NEW."block_below", NEW."can_override", NEW."code", NEW."created_at", NEW."id", NEW."is_active", NEW."kind", NEW."label", NEW."modalities", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."severity", NEW."unit", NEW."unremarkable_boolean", NEW."unremarkable_number", NEW."updated_at", NEW."version", NEW."warn_below"); RETURN NULL;',
                            hash="6ae53e5bbe56e1a857dc283ffb144a899dd22a21",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_a066e",
                            table="plans_screeningitem",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_screeningitemevent" ("applies_to_sexes", "block_below", "can_override", "code", "created_at", "id", "is_active", "kind", "label", "modalities", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "severity", "unit", "unremarkable_boolean", "unremarkable_number", "updated_at", "version", "warn_below") VALUES (NEW."applies_to_sexes", NEW."block_below", NEW."can_override", NEW."code", NEW."created_at", NEW."id", NEW."is_active", NEW."kind", NEW."label", NEW."modalities", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."severity", NEW."unit", NEW."unremarkable_boolean", NEW."unremarkable_number", NEW."updated_at", NEW."version", NEW."warn_below"); RETURN NULL;',
                            hash="51371e37125a4ebe63daa0e788786a9771433e0e",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_0e3d9",
                            table="plans_screeningitem",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_screeningitemevent" ("applies_to_sexes", "block_below", "can_override", "code", "created_at", "id", "is_active", "kind", "label", "modalities", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "severity", "unit", "unremarkable_boolean", "unremarkable_number", "updated_at", "version", "warn_below") VALUES (OLD."applies_to_sexes", OLD."block_below", OLD."can_override", OLD."code", OLD."created_at", OLD."id", OLD."is_active", OLD."kind", OLD."label", OLD."modalities", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."severity", OLD."unit", OLD."unremarkable_boolean", OLD."unremarkable_number", OLD."updated_at", OLD."version", OLD."warn_below"); RETURN NULL;',
                            hash="2f5759596ccb7c0971b2936a8e46509395527882",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_6920d",
                            table="plans_screeningitem",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ScreeningAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "consultation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="screening_answers",
                        to="plans.consultation",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="plans.screeningitem",
                    ),
                ),
                ("boolean", models.BooleanField(blank=True, null=True)),
                (
                    "number",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
            ],
            options={
                "ordering": ["item__position"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("consultation", "item"), name="screening_answer_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("boolean__isnull", True), ("number__isnull", False)
                            ),
                            models.Q(
                                ("boolean__isnull", False), ("number__isnull", True)
                            ),
                            _connector="OR",
                        ),
                        name="screening_answer_of_one_kind",
                        violation_error_message="Answer with yes or no, or with a number.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="c5385beff997ecc33848bc5a885beedd7e22bb58",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_402da",
                            table="plans_screeninganswer",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_screeninganswerevent" ("boolean", "consultation_id", "created_at", "id", "item_id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."boolean", NEW."consultation_id", NEW."created_at", NEW."id", NEW."item_id", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="1eff1c76e6e9226b561b54dbf460a21060027239",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_eb0de",
                            table="plans_screeninganswer",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_screeninganswerevent" ("boolean", "consultation_id", "created_at", "id", "item_id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."boolean", NEW."consultation_id", NEW."created_at", NEW."id", NEW."item_id", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="de9b45b060d8beb4a474faae7f20804345d59c52",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_07541",
                            table="plans_screeninganswer",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_screeninganswerevent" ("boolean", "consultation_id", "created_at", "id", "item_id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (OLD."boolean", OLD."consultation_id", OLD."created_at", OLD."id", OLD."item_id", OLD."number", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="8455bef52a975132d5f634dd29f9c1f3e85e32bc",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_57076",
                            table="plans_screeninganswer",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionAmendment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="amendments",
                        to="plans.proceduresession",
                    ),
                ),
                ("reason", models.TextField()),
                ("amended_at", models.DateTimeField()),
                (
                    "amended_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["amended_at"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="3c4b5f9f317410f0c0ea88b9d1d0d14214aecea4",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_e3551",
                            table="plans_sessionamendment",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_sessionamendmentevent" ("amended_at", "amended_by_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "session_id", "updated_at", "version") VALUES (NEW."amended_at", NEW."amended_by_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."session_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="e0568ff0245dd2443d5872e1f553d78341e10369",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_f84e6",
                            table="plans_sessionamendment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_sessionamendmentevent" ("amended_at", "amended_by_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "session_id", "updated_at", "version") VALUES (NEW."amended_at", NEW."amended_by_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."session_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="1e5f1145b115b3b23791d1eb0da9b17c17606afc",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_c7e0c",
                            table="plans_sessionamendment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_sessionamendmentevent" ("amended_at", "amended_by_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "session_id", "updated_at", "version") VALUES (OLD."amended_at", OLD."amended_by_id", OLD."created_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."session_id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="d020ab54761739f3a566bbcd4c9fcccb06942897",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_d7eeb",
                            table="plans_sessionamendment",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StemCellRecord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stem_cell",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("adipose", "Adipose"),
                            ("bone_marrow", "Bone marrow"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("enzymatic_svf", "Enzymatic SVF"),
                            ("mechanical_svf", "Mechanical SVF"),
                            ("cultured_adsc", "Cultured ADSC"),
                            ("marrow_concentrate", "Marrow concentrate"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "harvest_site",
                    models.CharField(
                        choices=[
                            ("abdomen", "Abdomen"),
                            ("flank", "Flank"),
                            ("thigh", "Thigh"),
                            ("iliac_crest_left", "Iliac crest, left"),
                            ("iliac_crest_right", "Iliac crest, right"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "harvested_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="5–2000 mL",
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("5")),
                            django.core.validators.MaxValueValidator(Decimal("2000")),
                        ],
                    ),
                ),
                (
                    "viable_cells_10e6",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0–10000 ×10⁶",
                        max_digits=7,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("10000")),
                        ],
                    ),
                ),
                (
                    "viability_pct",
                    models.DecimalField(
                        decimal_places=1,
                        help_text="0–100 %",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("100")),
                        ],
                    ),
                ),
                (
                    "passage",
                    models.BigIntegerField(
                        help_text="0–20",
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(20),
                        ],
                    ),
                ),
                (
                    "injected_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.1–50 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("50")),
                        ],
                    ),
                ),
                (
                    "area_cm2",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="10–400 cm²",
                        max_digits=4,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("10")),
                            django.core.validators.MaxValueValidator(Decimal("400")),
                        ],
                    ),
                ),
                (
                    "points",
                    models.BigIntegerField(
                        blank=True,
                        help_text="1–500 points",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(500),
                        ],
                    ),
                ),
            ],
            options={
                "verbose_name": "stem-cell record",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("harvested_ml__isnull", True),
                            models.Q(
                                ("harvested_ml__gte", Decimal("5")),
                                ("harvested_ml__lte", Decimal("2000")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_harvested_ml_range",
                        violation_error_message="harvested_ml must lie within 5–2000 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("viable_cells_10e6__isnull", True),
                            models.Q(
                                ("viable_cells_10e6__gte", Decimal("0")),
                                ("viable_cells_10e6__lte", Decimal("10000")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_viable_cells_10e6_range",
                        violation_error_message="viable_cells_10e6 must lie within 0–10000 ×10⁶.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("viability_pct__isnull", True),
                            models.Q(
                                ("viability_pct__gte", Decimal("0")),
                                ("viability_pct__lte", Decimal("100")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_viability_pct_range",
                        violation_error_message="viability_pct must lie within 0–100 %.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("passage__isnull", True),
                            models.Q(
                                ("passage__gte", Decimal("0")),
                                ("passage__lte", Decimal("20")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_passage_range",
                        violation_error_message="passage must lie within 0–20.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("injected_ml__isnull", True),
                            models.Q(
                                ("injected_ml__gte", Decimal("0.1")),
                                ("injected_ml__lte", Decimal("50")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_injected_ml_range",
                        violation_error_message="injected_ml must lie within 0.1–50 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("area_cm2__isnull", True),
                            models.Q(
                                ("area_cm2__gte", Decimal("10")),
                                ("area_cm2__lte", Decimal("400")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_area_cm2_range",
                        violation_error_message="area_cm2 must lie within 10–400 cm².",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("points__isnull", True),
                            models.Q(
                                ("points__gte", Decimal("1")),
                                ("points__lte", Decimal("500")),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_points_range",
                        violation_error_message="points must lie within 1–500 points.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "method__in",
                                    [
                                        "enzymatic_svf",
                                        "mechanical_svf",
                                        "cultured_adsc",
                                    ],
                                ),
                                ("source", "adipose"),
                            ),
                            models.Q(
                                ("harvested_ml__lte", 250),
                                ("method", "marrow_concentrate"),
                                ("source", "bone_marrow"),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_method_fits_source",
                        violation_error_message="Fat gives SVF or cultured cells; marrow gives a concentrate of at most 250 mL.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("harvest_site__in", ["abdomen", "flank", "thigh"]),
                                ("source", "adipose"),
                            ),
                            models.Q(
                                (
                                    "harvest_site__in",
                                    ["iliac_crest_left", "iliac_crest_right"],
                                ),
                                ("source", "bone_marrow"),
                            ),
                            _connector="OR",
                        ),
                        name="stem_cell_site_fits_source",
                        violation_error_message="Fat comes from abdomen, flank or thigh; marrow from the iliac crest.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="6ad8a2a631cee4babdf8578c9bb679e097414ce0",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_1d57f",
                            table="plans_stemcellrecord",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_stemcellrecordevent" ("area_cm2", "component_id", "created_at", "harvest_site", "harvested_ml", "id", "injected_ml", "method", "passage", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "source", "updated_at", "version", "viability_pct", "viable_cells_10e6") VALUES (NEW."area_cm2", NEW."component_id", NEW."created_at", NEW."harvest_site", NEW."harvested_ml", NEW."id", NEW."injected_ml", NEW."method", NEW."passage", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."points", NEW."source", NEW."updated_at", NEW."version", NEW."viability_pct", NEW."viable_cells_10e6"); RETURN NULL;',
                            hash="ea762d63c91337a2542ea1883226d3f3640b7d7b",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_11050",
                            table="plans_stemcellrecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_stemcellrecordevent" ("area_cm2", "component_id", "created_at", "harvest_site", "harvested_ml", "id", "injected_ml", "method", "passage", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "source", "updated_at", "version", "viability_pct", "viable_cells_10e6") VALUES (NEW."area_cm2", NEW."component_id", NEW."created_at", NEW."harvest_site", NEW."harvested_ml", NEW."id", NEW."injected_ml", NEW."method", NEW."passage", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."points", NEW."source", NEW."updated_at", NEW."version", NEW."viability_pct", NEW."viable_cells_10e6"); RETURN NULL;',
                            hash="b1f7c088664b837902f57743b6feb08abe39da55",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_83ef4",
                            table="plans_stemcellrecord",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_stemcellrecordevent" ("area_cm2", "component_id", "created_at", "harvest_site", "harvested_ml", "id", "injected_ml", "method", "passage", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "points", "source", "updated_at", "version", "viability_pct", "viable_cells_10e6") VALUES (OLD."area_cm2", OLD."component_id", OLD."created_at", OLD."harvest_site", OLD."harvested_ml", OLD."id", OLD."injected_ml", OLD."method", OLD."passage", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."points", OLD."source", OLD."updated_at", OLD."version", OLD."viability_pct", OLD."viable_cells_10e6"); RETURN NULL;',
                            hash="02dc5a18e79f4f31279411a9b992905d1e57d4ff",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9dd59",
                            table="plans_stemcellrecord",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StepComponent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="components",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "modality",
                    models.CharField(
                        choices=[
                            ("prp", "PRP"),
                            ("stem_cell", "Stem cell"),
                            ("microneedling", "Microneedling"),
                            ("exosome", "Exosome"),
                        ],
                        max_length=20,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "ordering": ["position"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("step", "modality"), name="step_modality_once"
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="9ffa8512cfb4910c2e5bfee4ae7441a89bcd716f",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_b0e10",
                            table="plans_stepcomponent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_stepcomponentevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "step_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."modality", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."step_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="c23e9fefedc01626d18abe33c23cfdd7c55f7937",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_c8c60",
                            table="plans_stepcomponent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_stepcomponentevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "step_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."modality", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."step_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="582bf7fb3f58ea6f193d781de60d764437f8f393",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_6d7a1",
                            table="plans_stepcomponent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_stepcomponentevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "step_id", "updated_at", "version") VALUES (OLD."created_at", OLD."id", OLD."modality", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."step_id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="0d62848205b5c23634fa804b17c40b8fd70388d1",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_6ebbd",
                            table="plans_stepcomponent",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitType",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visit_types",
                        to="clinic.location",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consultation", "Consultation"),
                            ("session", "Session"),
                            ("follow_up", "Follow-up"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="Where the session or follow-up does not say how long it takes.",
                    ),
                ),
                (
                    "practitioner_minutes_before",
                    models.PositiveSmallIntegerField(default=0),
                ),
                (
                    "practitioner_minutes_after",
                    models.PositiveSmallIntegerField(default=0),
                ),
                ("room_minutes_before", models.PositiveSmallIntegerField(default=0)),
                ("room_minutes_after", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["location", "kind"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("location", "kind"),
                        name="visit_type_unique",
                        violation_error_message="This location has this visit type.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("duration_minutes__gte", 5), ("duration_minutes__lte", 720)
                        ),
                        name="visit_type_duration_5_to_720",
                        violation_error_message="A visit lasts 5 to 720 minutes.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("practitioner_minutes_after__lte", 240),
                            ("practitioner_minutes_before__lte", 240),
                            ("room_minutes_after__lte", 240),
                            ("room_minutes_before__lte", 240),
                        ),
                        name="visit_type_buffers_at_most_240",
                        violation_error_message="At most four hours are kept free around a visit.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="68dbb4a76b7a7c67ddf3e731b65e78c2572cd41c",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_0ef28",
                            table="plans_visittype",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_visittypeevent" ("created_at", "duration_minutes", "id", "kind", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_minutes_after", "practitioner_minutes_before", "room_minutes_after", "room_minutes_before", "updated_at", "version") VALUES (NEW."created_at", NEW."duration_minutes", NEW."id", NEW."kind", NEW."location_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_minutes_after", NEW."practitioner_minutes_before", NEW."room_minutes_after", NEW."room_minutes_before", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="b1c323fa66c75f815706f47c84a1cdaa34d33ae6",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_259b8",
                            table="plans_visittype",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_visittypeevent" ("created_at", "duration_minutes", "id", "kind", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_minutes_after", "practitioner_minutes_before", "room_minutes_after", "room_minutes_before", "updated_at", "version") VALUES (NEW."created_at", NEW."duration_minutes", NEW."id", NEW."kind", NEW."location_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_minutes_after", NEW."practitioner_minutes_before", NEW."room_minutes_after", NEW."room_minutes_before", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="ba3a53d0330025fe33711e73f9816a0f5b805038",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_bf5b5",
                            table="plans_visittype",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_visittypeevent" ("created_at", "duration_minutes", "id", "kind", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_minutes_after", "practitioner_minutes_before", "room_minutes_after", "room_minutes_before", "updated_at", "version") VALUES (OLD."created_at", OLD."duration_minutes", OLD."id", OLD."kind", OLD."location_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_minutes_after", OLD."practitioner_minutes_before", OLD."room_minutes_after", OLD."room_minutes_before", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="9d41243ee8535620df5a29f52dd25ed25b3705f8",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_aec0b",
                            table="plans_visittype",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUp",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="patients.patient",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="clinic.location",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "consultation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="follow_ups",
                        to="plans.consultation",
                    ),
                ),
                (
                    "sequence",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                ("title", models.CharField(max_length=120)),
                ("duration_minutes", models.PositiveSmallIntegerField(default=30)),
                ("target_date", models.DateField()),
                ("window_start", models.DateField()),
                ("window_end", models.DateField()),
                ("pinned_on", models.DateField(blank=True, editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cancel_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
            ],
            options={
                "verbose_name": "follow-up",
                "ordering": ["target_date", "id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("cancelled_at__isnull", True)),
                        fields=["location", "window_start"],
                        name="follow_up_owed",
                    ),
                    models.Index(fields=["patient"], name="follow_up_patient"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("window_end__gte", models.F("target_date")),
                            ("window_start__lte", models.F("target_date")),
                        ),
                        name="follow_up_target_in_window",
                        violation_error_message="The target date lies in the window.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("plan__isnull", False),
                            ("consultation__isnull", False),
                            _connector="OR",
                        ),
                        name="follow_up_has_origin",
                        violation_error_message="A follow-up comes from a plan or from a consultation.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("duration_minutes__gte", 5), ("duration_minutes__lte", 720)
                        ),
                        name="follow_up_duration_5_to_720",
                        violation_error_message="A visit lasts 5 to 720 minutes.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("cancel_reason", ""), ("cancelled_at__isnull", True)
                            ),
                            models.Q(
                                ("cancelled_at__isnull", False),
                                models.Q(("cancel_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="follow_up_cancelled_with_reason",
                        violation_error_message="A cancelled follow-up has a reason.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="6d836cca02af27803b5a2a0870974eea006e8b46",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_53987",
                            table="plans_followup",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_followupevent" ("cancel_reason", "cancelled_at", "cancelled_by_id", "consultation_id", "created_at", "duration_minutes", "id", "location_id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinned_on", "plan_id", "sequence", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start") VALUES (NEW."cancel_reason", NEW."cancelled_at", NEW."cancelled_by_id", NEW."consultation_id", NEW."created_at", NEW."duration_minutes", NEW."id", NEW."location_id", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."pinned_on", NEW."plan_id", NEW."sequence", NEW."step_id", NEW."target_date", NEW."title", NEW."updated_at", NEW."version", NEW."window_end", NEW."window_start"); RETURN NULL;',
                            hash="892d600e9c3af9afa4f66715f419f0b8099671c1",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_d993d",
                            table="plans_followup",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_followupevent" ("cancel_reason", "cancelled_at", "cancelled_by_id", "consultation_id", "created_at", "duration_minutes", "id", "location_id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinned_on", "plan_id", "sequence", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start") VALUES (NEW."cancel_reason", NEW."cancelled_at", NEW."cancelled_by_id", NEW."consultation_id", NEW."created_at", NEW."duration_minutes", NEW."id", NEW."location_id", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."pinned_on", NEW."plan_id", NEW."sequence", NEW."step_id", NEW."target_date", NEW."title", NEW."updated_at", NEW."version", NEW."window_end", NEW."window_start"); RETURN NULL;',
                            hash="071b5f03a6a070283c87114213cf520f8c295373",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_9e138",
                            table="plans_followup",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_followupevent" ("cancel_reason", "cancelled_at", "cancelled_by_id", "consultation_id", "created_at", "duration_minutes", "id", "location_id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pinned_on", "plan_id", "sequence", "step_id", "target_date", "title", "updated_at", "version", "window_end", "window_start") VALUES (OLD."cancel_reason", OLD."cancelled_at", OLD."cancelled_by_id", OLD."consultation_id", OLD."created_at", OLD."duration_minutes", OLD."id", OLD."location_id", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."pinned_on", OLD."plan_id", OLD."sequence", OLD."step_id", OLD."target_date", OLD."title", OLD."updated_at", OLD."version", OLD."window_end", OLD."window_start"); RETURN NULL;',
                            hash="d34d97b2b12a8a31ee97af1c5898d0f0ea05f3ed",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_feb48",
                            table="plans_followup",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Appointment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="patients.patient",
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="clinic.location",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="clinic.room",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consultation", "Consultation"),
                            ("session", "Session"),
                            ("follow_up", "Follow-up"),
                        ],
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "follow_up",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointments",
                        to="plans.followup",
                    ),
                ),
                (
                    "consultation",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appointment",
                        to="plans.consultation",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "practitioner_busy",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        editable=False
                    ),
                ),
                (
                    "room_busy",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        editable=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("confirmed", "Confirmed"),
                            ("arrived", "Arrived"),
                            ("fulfilled", "Fulfilled"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        default="booked",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "revision",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                ("overbooked", models.BooleanField(default=False, editable=False)),
                (
                    "override_reason",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "booked_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(editable=False, null=True)),
                ("arrived_at", models.DateTimeField(editable=False, null=True)),
                ("fulfilled_at", models.DateTimeField(editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancel_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("patient", "Patient"),
                            ("clinic", "Clinic"),
                            ("other", "Other"),
                        ],
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "cancel_note",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("no_show_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["starts_at", "id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        fields=["location", "starts_at"],
                        name="appointment_location_day",
                    ),
                    models.Index(
                        fields=["patient", "starts_at"], name="appointment_patient"
                    ),
                    models.Index(
                        fields=["practitioner", "starts_at"],
                        name="appointment_practitioner",
                    ),
                ],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(
                            ("overbooked", False),
                            ("status__in", ("booked", "confirmed", "arrived")),
                        ),
                        expressions=[
                            ("practitioner", "="),
                            ("practitioner_busy", "&&"),
                        ],
                        name="practitioner_not_double_booked",
                        violation_error_code="slot_taken",
                        violation_error_message="The practitioner is booked at this time.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(
                            ("status__in", ("booked", "confirmed", "arrived"))
                        ),
                        expressions=[("room", "="), ("room_busy", "&&")],
                        name="room_not_double_booked",
                        violation_error_code="slot_taken",
                        violation_error_message="The room is taken at this time.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(
                            ("status__in", ("booked", "confirmed", "arrived"))
                        ),
                        expressions=[
                            ("patient", "="),
                            (
                                clinic.records.TsTzRange(
                                    "starts_at",
                                    "ends_at",
                                    output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="patient_not_double_booked",
                        violation_error_code="slot_taken",
                        violation_error_message="The patient has another visit at this time.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))),
                        name="appointment_in_order",
                        violation_error_message="A visit ends after it starts.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "practitioner_busy__contains",
                                clinic.records.TsTzRange(
                                    "starts_at",
                                    "ends_at",
                                    output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                ),
                            ),
                            (
                                "room_busy__contains",
                                clinic.records.TsTzRange(
                                    "starts_at",
                                    "ends_at",
                                    output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                ),
                            ),
                        ),
                        name="appointment_busy_covers_visit",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("consultation__isnull", True),
                                ("follow_up__isnull", True),
                                ("kind", "session"),
                                ("session__isnull", False),
                            ),
                            models.Q(
                                ("consultation__isnull", True),
                                ("follow_up__isnull", False),
                                ("kind", "follow_up"),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("follow_up__isnull", True),
                                ("kind", "consultation"),
                                ("session__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="appointment_one_purpose",
                        violation_error_message="A visit is for one consultation, one session or one follow-up.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("booked", "confirmed", "arrived")),
                                _negated=True,
                            ),
                            ("room__isnull", False),
                            _connector="OR",
                        ),
                        name="appointment_live_has_room",
                        violation_error_message="A booked visit has a room.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("overbooked", False),
                            models.Q(("override_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="appointment_overbooked_with_reason",
                        violation_error_message="Overbooking needs a reason.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("status__in", ("booked", "confirmed", "arrived"))
                        ),
                        fields=("session",),
                        name="appointment_one_live_per_session",
                        violation_error_code="already_booked",
                        violation_error_message="This session has a booked visit.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("status__in", ("booked", "confirmed", "arrived"))
                        ),
                        fields=("follow_up",),
                        name="appointment_one_live_per_follow_up",
                        violation_error_code="already_booked",
                        violation_error_message="This follow-up has a booked visit.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("status__in", ("confirmed",)), _negated=True),
                                ("confirmed_at__isnull", False),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(("status", "booked"), _negated=True),
                                ("confirmed_at__isnull", True),
                                _connector="OR",
                            ),
                        ),
                        name="appointment_confirmed_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(
                                    ("status__in", ("arrived", "fulfilled")),
                                    _negated=True,
                                ),
                                ("arrived_at__isnull", False),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ["booked", "confirmed", "no_show"]),
                                    _negated=True,
                                ),
                                ("arrived_at__isnull", True),
                                _connector="OR",
                            ),
                        ),
                        name="appointment_arrived_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("fulfilled",)),
                                ("fulfilled_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("fulfilled",)), _negated=True),
                                models.Q(
                                    ("fulfilled_at__isnull", False), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="appointment_fulfilled_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(
                                    ("status__in", ("cancelled",)),
                                    ("cancelled_at__isnull", False),
                                ),
                                models.Q(
                                    models.Q(
                                        ("status__in", ("cancelled",)), _negated=True
                                    ),
                                    models.Q(
                                        ("cancelled_at__isnull", False), _negated=True
                                    ),
                                ),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(
                                    ("status", "cancelled"),
                                    models.Q(("cancel_reason", ""), _negated=True),
                                ),
                                models.Q(
                                    models.Q(("status", "cancelled"), _negated=True),
                                    ("cancel_reason", ""),
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="appointment_cancelled_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("no_show",)),
                                ("no_show_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("no_show",)), _negated=True),
                                models.Q(("no_show_at__isnull", False), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="appointment_no_show_stamped",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="6075bd9001675ad33a4fbc2443858bc80186beee",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_16192",
                            table="plans_appointment",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_appointmentevent" ("arrived_at", "booked_by_id", "cancel_note", "cancel_reason", "cancelled_at", "confirmed_at", "consultation_id", "created_at", "ends_at", "follow_up_id", "fulfilled_at", "id", "kind", "location_id", "no_show_at", "note", "overbooked", "override_reason", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_busy", "practitioner_id", "revision", "room_busy", "room_id", "session_id", "starts_at", "status", "updated_at", "version") VALUES (NEW."arrived_at", NEW."booked_by_id", NEW."cancel_note", NEW."cancel_reason", NEW."cancelled_at", NEW."confirmed_at", NEW."consultation_id", NEW."created_at", NEW."ends_at", NEW."follow_up_id", NEW."fulfilled_at", NEW."id", NEW."kind", NEW."location_id", NEW."no_show_at", NEW."note", NEW."overbooked", NEW."override_reason", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_busy", NEW."practitioner_id", NEW."revision", NEW."room_busy", NEW."room_id", NEW."session_id", NEW."starts_at", NEW."status", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="28ccf8e7722ef40ccd711d8d7bbeb2dc72ee9682",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_a0528",
                            table="plans_appointment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_appointmentevent" ("arrived_at", "booked_by_id", "cancel_note", "cancel_reason", "cancelled_at", "confirmed_at", "consultation_id", "created_at", "ends_at", "follow_up_id", "fulfilled_at", "id", "kind", "location_id", "no_show_at", "note", "overbooked", "override_reason", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_busy", "practitioner_id", "revision", "room_busy", "room_id", "session_id", "starts_at", "status", "updated_at", "version") VALUES (NEW."arrived_at", NEW."booked_by_id", NEW."cancel_note", NEW."cancel_reason", NEW."cancelled_at", NEW."confirmed_at", NEW."consultation_id", NEW."created_at", NEW."ends_at", NEW."follow_up_id", NEW."fulfilled_at", NEW."id", NEW."kind", NEW."location_id", NEW."no_show_at", NEW."note", NEW."overbooked", NEW."override_reason", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_busy", NEW."practitioner_id", NEW."revision", NEW."room_busy", NEW."room_id", NEW."session_id", NEW."starts_at", NEW."status", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="4be9417681fc32e3e33de22d5ae80e5e6df4ee07",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_f7de4",
                            table="plans_appointment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_appointmentevent" ("arrived_at", "booked_by_id", "cancel_note", "cancel_reason", "cancelled_at", "confirmed_at", "consultation_id", "created_at", "ends_at", "follow_up_id", "fulfilled_at", "id", "kind", "location_id", "no_show_at", "note", "overbooked", "override_reason", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_busy", "practitioner_id", "revision", "room_busy", "room_id", "session_id", "starts_at", "status", "updated_at", "version") VALUES (OLD."arrived_at", OLD."booked_by_id", OLD."cancel_note", OLD."cancel_reason", OLD."cancelled_at", OLD."confirmed_at", OLD."consultation_id", OLD."created_at", OLD."ends_at", OLD."follow_up_id", OLD."fulfilled_at", OLD."id", OLD."kind", OLD."location_id", OLD."no_show_at", OLD."note", OLD."overbooked", OLD."override_reason", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_busy", OLD."practitioner_id", OLD."revision", OLD."room_busy", OLD."room_id", OLD."session_id", OLD."starts_at", OLD."status", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="e8a26b5fbef30ad16cfb5c5e0c2385222e4e0aeb",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_069f2",
                            table="plans_appointment",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AppointmentRevision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="plans.appointment",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("moved", "Moved"),
                            ("cancelled", "Cancelled"),
                            ("undone", "Undone"),
                        ],
                        max_length=10,
                    ),
                ),
                ("acted_at", models.DateTimeField()),
                (
                    "acted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "status_before",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("booked", "Booked"),
                            ("confirmed", "Confirmed"),
                            ("arrived", "Arrived"),
                            ("fulfilled", "Fulfilled"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status_after",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("confirmed", "Confirmed"),
                            ("arrived", "Arrived"),
                            ("fulfilled", "Fulfilled"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="clinic.room",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("overbooked", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ["number"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("appointment", "number"),
                        name="appointment_revision_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="appointment_revision_in_order",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="8c0095d6e5da787de7dca882daf1ba582f45d6ba",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_f7e1d",
                            table="plans_appointmentrevision",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_appointmentrevisionevent" ("act", "acted_at", "acted_by_id", "appointment_id", "created_at", "ends_at", "id", "number", "overbooked", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "room_id", "starts_at", "status_after", "status_before", "updated_at", "version") VALUES (NEW."act", NEW."acted_at", NEW."acted_by_id", NEW."appointment_id", NEW."created_at", NEW."ends_at", NEW."id", NEW."number", NEW."overbooked", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."room_id", NEW."starts_at", NEW."status_after", NEW."status_before", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="c5784c903bec7f0e84a7d5ae8bafacc3f798c542",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_353e9",
                            table="plans_appointmentrevision",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_appointmentrevisionevent" ("act", "acted_at", "acted_by_id", "appointment_id", "created_at", "ends_at", "id", "number", "overbooked", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "room_id", "starts_at", "status_after", "status_before", "updated_at", "version") VALUES (NEW."act", NEW."acted_at", NEW."acted_by_id", NEW."appointment_id", NEW."created_at", NEW."ends_at", NEW."id", NEW."number", NEW."overbooked", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."room_id", NEW."starts_at", NEW."status_after", NEW."status_before", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="01e0cf319d4d70c33254eeb3f99c373a3266e51b",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_d3e02",
                            table="plans_appointmentrevision",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_appointmentrevisionevent" ("act", "acted_at", "acted_by_id", "appointment_id", "created_at", "ends_at", "id", "number", "overbooked", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "room_id", "starts_at", "status_after", "status_before", "updated_at", "version") VALUES (OLD."act", OLD."acted_at", OLD."acted_by_id", OLD."appointment_id", OLD."created_at", OLD."ends_at", OLD."id", OLD."number", OLD."overbooked", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."room_id", OLD."starts_at", OLD."status_after", OLD."status_before", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="01088f86c342fdaa33e6f46164beb5953a534059",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_359f7",
                            table="plans_appointmentrevision",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsultationAmendment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "consultation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="amendments",
                        to="plans.consultation",
                    ),
                ),
                ("reason", models.TextField()),
                ("amended_at", models.DateTimeField()),
                (
                    "amended_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["amended_at"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="2906251b3362d8b783c5b81f2103f4fe005a3797",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_e168a",
                            table="plans_consultationamendment",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_consultationamendmentevent" ("amended_at", "amended_by_id", "consultation_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "updated_at", "version") VALUES (NEW."amended_at", NEW."amended_by_id", NEW."consultation_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="bc346cfcff8eaaa18df0f0f860a769abb05a20d3",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_477c8",
                            table="plans_consultationamendment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_consultationamendmentevent" ("amended_at", "amended_by_id", "consultation_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "updated_at", "version") VALUES (NEW."amended_at", NEW."amended_by_id", NEW."consultation_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="7f7e4ad160bf47db26055f5824ef874fd722997b",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_75c4c",
                            table="plans_consultationamendment",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_consultationamendmentevent" ("amended_at", "amended_by_id", "consultation_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "updated_at", "version") VALUES (OLD."amended_at", OLD."amended_by_id", OLD."consultation_id", OLD."created_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="3325f1ae48f5dc7c430c1b50cac199dbe67cebc4",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_4654b",
                            table="plans_consultationamendment",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "follow_up",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="plans.followup",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("call", "Call"),
                            ("email", "Email"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("reached", "Reached"),
                            ("no_answer", "No answer"),
                            ("left_message", "Left a message"),
                            ("wrong_number", "Wrong number"),
                            ("declined", "Declined"),
                        ],
                        max_length=15,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("next_try_on", models.DateField(blank=True, null=True)),
                ("attempted_at", models.DateTimeField(editable=False)),
                (
                    "attempted_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-attempted_at"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="9cb1db3bdce254df987ac281c6b5d8d4da2939e0",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_30faf",
                            table="plans_contactattempt",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_contactattemptevent" ("attempted_at", "attempted_by_id", "channel", "created_at", "follow_up_id", "id", "next_try_on", "note", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."attempted_at", NEW."attempted_by_id", NEW."channel", NEW."created_at", NEW."follow_up_id", NEW."id", NEW."next_try_on", NEW."note", NEW."outcome", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="64e28ae5c1092f9bb246c1852f0b1a8d65bb5b56",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_e749c",
                            table="plans_contactattempt",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_contactattemptevent" ("attempted_at", "attempted_by_id", "channel", "created_at", "follow_up_id", "id", "next_try_on", "note", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."attempted_at", NEW."attempted_by_id", NEW."channel", NEW."created_at", NEW."follow_up_id", NEW."id", NEW."next_try_on", NEW."note", NEW."outcome", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="69017ee4e7094acb81e4c5a9c724c7861d645ca5",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_e2b5c",
                            table="plans_contactattempt",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_contactattemptevent" ("attempted_at", "attempted_by_id", "channel", "created_at", "follow_up_id", "id", "next_try_on", "note", "outcome", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (OLD."attempted_at", OLD."attempted_by_id", OLD."channel", OLD."created_at", OLD."follow_up_id", OLD."id", OLD."next_try_on", OLD."note", OLD."outcome", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="9fa0db605534f871fd203389820131856358de69",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_de758",
                            table="plans_contactattempt",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MessagePolicy",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="message_policies",
                        to="clinic.location",
                    ),
                ),
                (
                    "visit_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("consultation", "Consultation"),
                            ("session", "Session"),
                            ("follow_up", "Follow-up"),
                        ],
                        help_text="Empty: every kind of visit.",
                        max_length=12,
                    ),
                ),
                (
                    "days_before",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("send_at", models.TimeField(blank=True, null=True)),
                (
                    "hours_before",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("is_enabled", models.BooleanField(default=True)),
            ],
            options={
                "verbose_name_plural": "message policies",
                "ordering": ["location", "-days_before", "-hours_before"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("days_before__gte", 1),
                                ("hours_before__isnull", True),
                                ("send_at__isnull", False),
                            ),
                            models.Q(
                                ("days_before__isnull", True),
                                ("hours_before__gte", 1),
                                ("send_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="message_policy_days_or_hours",
                        violation_error_message="Give days with a time of day, or hours.",
                    ),
                    models.UniqueConstraint(
                        fields=(
                            "location",
                            "visit_kind",
                            "days_before",
                            "hours_before",
                        ),
                        name="message_policy_unique",
                        nulls_distinct=False,
                        violation_error_message="This reminder stands here already.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="0e4e11a303982338ec9b08f39c2206a18eb22b88",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_e97d9",
                            table="plans_messagepolicy",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_messagepolicyevent" ("created_at", "days_before", "hours_before", "id", "is_enabled", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "send_at", "updated_at", "version", "visit_kind") VALUES (NEW."created_at", NEW."days_before", NEW."hours_before", NEW."id", NEW."is_enabled", NEW."location_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."send_at", NEW."updated_at", NEW."version", NEW."visit_kind"); RETURN NULL;',
                            hash="e42c459d849d1dd25e357ad32108d906d7b5d000",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_c6e25",
                            table="plans_messagepolicy",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_messagepolicyevent" ("created_at", "days_before", "hours_before", "id", "is_enabled", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "send_at", "updated_at", "version", "visit_kind") VALUES (NEW."created_at", NEW."days_before", NEW."hours_before", NEW."id", NEW."is_enabled", NEW."location_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."send_at", NEW."updated_at", NEW."version", NEW."visit_kind"); RETURN NULL;',
                            hash="88c60d312fa3eeb8bb878fd45715896b2e9b0ce9",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_4e1ac",
                            table="plans_messagepolicy",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_messagepolicyevent" ("created_at", "days_before", "hours_before", "id", "is_enabled", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "send_at", "updated_at", "version", "visit_kind") VALUES (OLD."created_at", OLD."days_before", OLD."hours_before", OLD."id", OLD."is_enabled", OLD."location_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."send_at", OLD."updated_at", OLD."version", OLD."visit_kind"); RETURN NULL;',
                            hash="2fd2597f6f7c4a3bbbf5cea379c08a9cba607cbb",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_37785",
                            table="plans_messagepolicy",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanConsent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plan_consents",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="plan_consents",
                        to="patients.consent",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "consent"), name="plan_consent_unique"
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="8efec83bed2f347dc71b95631f97d5bbef98e8ad",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_a68d6",
                            table="plans_planconsent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_planconsentevent" ("consent_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "updated_at", "version") VALUES (NEW."consent_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="333ad1b5241b2a82bc682a60cfb11b8e2a64a80d",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_7f9d9",
                            table="plans_planconsent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_planconsentevent" ("consent_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "updated_at", "version") VALUES (NEW."consent_id", NEW."created_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="b062ea6278fe258a1f88f38fb1511b42a920f730",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_87834",
                            table="plans_planconsent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_planconsentevent" ("consent_id", "created_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "updated_at", "version") VALUES (OLD."consent_id", OLD."created_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="5eb962ec7249250dfdff6bf67786198e9041b3fc",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_38457",
                            table="plans_planconsent",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanRevision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="plans.treatmentplan",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "protocol",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="plans.protocol",
                    ),
                ),
                ("reason", models.TextField()),
                ("revised_at", models.DateTimeField()),
                (
                    "revised_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("plan", "number"), name="plan_revision_unique"
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="763b412324efd0dc317f9bf63c57ebe6fdf3ee6d",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_b2c24",
                            table="plans_planrevision",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_planrevisionevent" ("created_at", "id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "protocol_id", "reason", "revised_at", "revised_by_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."number", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."protocol_id", NEW."reason", NEW."revised_at", NEW."revised_by_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="124db1066db72b02b97cf5748fdda2cd583c7461",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_7ead1",
                            table="plans_planrevision",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "plans_planrevisionevent" ("created_at", "id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "protocol_id", "reason", "revised_at", "revised_by_id", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."number", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."protocol_id", NEW."reason", NEW."revised_at", NEW."revised_by_id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="f146bff95646c7f4d332d4332b635669237c1f14",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_12839",
                            table="plans_planrevision",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "plans_planrevisionevent" ("created_at", "id", "number", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "protocol_id", "reason", "revised_at", "revised_by_id", "updated_at", "version") VALUES (OLD."created_at", OLD."id", OLD."number", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."protocol_id", OLD."reason", OLD."revised_at", OLD."revised_by_id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="8e68600a32424da487dfb6db8ca27e31e44fefca",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_efde8",
                            table="plans_planrevision",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PatientMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="patients.patient",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="clinic.location",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("confirmation", "Confirmation"),
                            ("reminder", "Reminder"),
                            ("changed", "Changed"),
                            ("cancelled", "Cancelled"),
                            ("preparation", "Preparation"),
                            ("aftercare", "Aftercare"),
                            ("check_in", "Check-in"),
                            ("overdue", "Overdue"),
                            ("offer", "Offer"),
                            ("recall", "Recall"),
                            ("link", "Link"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "offset",
                    models.CharField(
                        blank=True,
                        help_text="ISO 8601 duration before the visit; empty: at once.",
                        max_length=10,
                    ),
                ),
                (
                    "appointment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="plans.appointment",
                    ),
                ),
                ("appointment_revision", models.PositiveSmallIntegerField(null=True)),
                (
                    "session",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "follow_up",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="plans.followup",
                    ),
                ),
                (
                    "check_in",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="plans.checkin",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("delivered", "Delivered"),
                            ("bounced", "Bounced"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                            ("cancelled", "Cancelled"),
                            ("expired", "Expired"),
                            ("suppressed", "Suppressed"),
                            ("handled", "Handled by a person"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("status_reason", models.CharField(blank=True, max_length=200)),
                ("due_at", models.DateTimeField()),
                (
                    "not_before",
                    models.DateTimeField(
                        help_text="When it may next be tried: due, or later after a transient failure."
                    ),
                ),
                (
                    "expires_at",
                    models.DateTimeField(
                        help_text="From then on it would tell the patient nothing useful."
                    ),
                ),
                ("lease_token", models.UUIDField(null=True)),
                ("leased_until", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sending_at", models.DateTimeField(null=True)),
                (
                    "settled_at",
                    models.DateTimeField(
                        help_text="When its outcome was recorded.", null=True
                    ),
                ),
                (
                    "to_address",
                    models.EmailField(
                        blank=True,
                        help_text="Where it went, fixed when sending began.",
                        max_length=254,
                    ),
                ),
                (
                    "message_id",
                    models.CharField(
                        help_text="Message-ID header: the same on every attempt.",
                        max_length=120,
                    ),
                ),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        help_text="Class and server's answer, without patient data.",
                        max_length=300,
                    ),
                ),
            ],
            options={
                "verbose_name": "message",
                "ordering": ["due_at", "id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["not_before"],
                        name="message_due",
                    ),
                    models.Index(
                        condition=models.Q(("status", "sending")),
                        fields=["leased_until"],
                        name="message_in_flight",
                    ),
                    models.Index(fields=["patient", "due_at"], name="message_patient"),
                    models.Index(fields=["appointment"], name="message_appointment"),
                    models.Index(
                        condition=models.Q(("status__in", ["failed", "unknown"])),
                        fields=["location"],
                        name="message_needs_a_person",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("appointment__isnull", False),
                                ("appointment_revision__isnull", False),
                                ("check_in__isnull", True),
                                ("follow_up__isnull", True),
                                (
                                    "kind__in",
                                    [
                                        "confirmation",
                                        "reminder",
                                        "changed",
                                        "cancelled",
                                        "preparation",
                                    ],
                                ),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("appointment__isnull", True),
                                ("appointment_revision__isnull", True),
                                ("check_in__isnull", True),
                                ("follow_up__isnull", True),
                                ("kind", "aftercare"),
                                ("session__isnull", False),
                            ),
                            models.Q(
                                ("appointment__isnull", True),
                                ("appointment_revision__isnull", True),
                                ("check_in__isnull", True),
                                ("follow_up__isnull", False),
                                ("kind", "overdue"),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("appointment__isnull", True),
                                ("appointment_revision__isnull", True),
                                ("check_in__isnull", False),
                                ("follow_up__isnull", True),
                                ("kind", "check_in"),
                                ("session__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="message_one_subject",
                    ),
                    models.UniqueConstraint(
                        fields=(
                            "appointment",
                            "session",
                            "follow_up",
                            "check_in",
                            "kind",
                            "offset",
                            "appointment_revision",
                        ),
                        name="message_once_per_subject",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "status__in",
                                    (
                                        "sending",
                                        "sent",
                                        "unknown",
                                        "delivered",
                                        "bounced",
                                    ),
                                ),
                                _negated=True,
                            ),
                            ("sending_at__isnull", False),
                            _connector="OR",
                        ),
                        name="message_begun_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("settled_at__isnull", True),
                                ("status__in", ["pending", "sending"]),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ["pending", "sending"]),
                                    _negated=True,
                                ),
                                ("settled_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="message_settled_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("lease_token__isnull", True),
                                ("leased_until__isnull", True),
                            ),
                            models.Q(
                                ("lease_token__isnull", False),
                                ("leased_until__isnull", False),
                                ("status__in", ["pending", "sending"]),
                            ),
                            _connector="OR",
                        ),
                        name="message_leased_while_open",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="ea187054ceeb90d9fb068d4a5060fb5995d640e6",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_fb066",
                            table="plans_patientmessage",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProtocolEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.protocol",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("code", models.SlugField(db_index=False, max_length=40)),
                ("version_number", models.PositiveSmallIntegerField(default=1)),
                ("title", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                (
                    "expectation",
                    models.TextField(
                        help_text="Shown to the patient at the proposal and kept with the acceptance. It promises no outcome."
                    ),
                ),
                (
                    "evidence",
                    models.TextField(
                        blank=True, help_text="Where the intervals come from."
                    ),
                ),
                (
                    "is_current",
                    models.BooleanField(
                        default=True, help_text="New plans take the current version."
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="7af7f88462fff6f3131659e586beee2bd42db794",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_1436b",
                            table="plans_protocolevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProtocolStepEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "protocol",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocol",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("session", "Session"),
                            ("maintenance", "Maintenance session"),
                            ("check_in", "Recovery check-in"),
                            ("assessment", "Assessment"),
                        ],
                        max_length=12,
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                (
                    "anchor",
                    models.CharField(
                        choices=[
                            ("plan_start", "Start of the plan"),
                            ("previous_session", "The session before"),
                            ("first_session", "The first session"),
                            ("last_session", "The last session"),
                            ("each_session", "Each session"),
                        ],
                        max_length=20,
                    ),
                ),
                ("offset_months", models.PositiveSmallIntegerField(default=0)),
                ("offset_days", models.PositiveSmallIntegerField(default=0)),
                ("tolerance_before_days", models.PositiveSmallIntegerField(default=0)),
                ("tolerance_after_days", models.PositiveSmallIntegerField(default=0)),
                (
                    "minimum_interval_days",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Earlier is blocked."
                    ),
                ),
                (
                    "advised_interval_days",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Earlier is warned about."
                    ),
                ),
                ("repetitions", models.PositiveSmallIntegerField(default=1)),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="0d42fa2296207104647a8541d7600780d15b85b7",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_58dd8",
                            table="plans_protocolstepevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PrpRecordEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.prprecord",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "blood_drawn_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="5–180 mL",
                        max_digits=5,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("5")),
                            django.core.validators.MaxValueValidator(Decimal("180")),
                        ],
                    ),
                ),
                (
                    "anticoagulant",
                    models.CharField(
                        choices=[
                            ("acd_a", "ACD-A"),
                            ("sodium_citrate", "Sodium citrate"),
                            ("none", "None"),
                            ("other", "Other"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "yield_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.5–60 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.5")),
                            django.core.validators.MaxValueValidator(Decimal("60")),
                        ],
                    ),
                ),
                (
                    "baseline_platelets_10e3_per_ul",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="10–1500 ×10³/µL",
                        max_digits=5,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("10")),
                            django.core.validators.MaxValueValidator(Decimal("1500")),
                        ],
                    ),
                ),
                (
                    "prp_platelets_10e3_per_ul",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="50–5000 ×10³/µL",
                        max_digits=5,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("50")),
                            django.core.validators.MaxValueValidator(Decimal("5000")),
                        ],
                    ),
                ),
                (
                    "leukocytes",
                    models.CharField(
                        choices=[
                            ("rich", "Rich"),
                            ("poor", "Poor"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "activation",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("cacl2", "CaCl₂"),
                            ("ca_gluconate", "Ca gluconate"),
                            ("thrombin", "Thrombin"),
                            ("other", "Other"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "injected_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.5–20 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.5")),
                            django.core.validators.MaxValueValidator(Decimal("20")),
                        ],
                    ),
                ),
                (
                    "area_cm2",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="10–400 cm²",
                        max_digits=4,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("10")),
                            django.core.validators.MaxValueValidator(Decimal("400")),
                        ],
                    ),
                ),
                (
                    "depth_mm",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="0.5–10 mm",
                        max_digits=3,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.5")),
                            django.core.validators.MaxValueValidator(Decimal("10")),
                        ],
                    ),
                ),
                (
                    "points",
                    models.BigIntegerField(
                        blank=True,
                        help_text="1–500 points",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(500),
                        ],
                    ),
                ),
                (
                    "spacing_cm",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="0.1–5 cm",
                        max_digits=2,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("5")),
                        ],
                    ),
                ),
                (
                    "needle_gauge",
                    models.BigIntegerField(
                        blank=True,
                        help_text="18–34 G",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(18),
                            django.core.validators.MaxValueValidator(34),
                        ],
                    ),
                ),
                ("drawn_at", models.DateTimeField(blank=True, null=True)),
                ("injected_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="282deff0ebee9366260d9d93bdc4fa03abdef7e0",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_5072c",
                            table="plans_prprecordevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PrpSpinEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.prpspin",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "record",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.prprecord",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "rcf_g",
                    models.BigIntegerField(
                        help_text="50–3500 g",
                        validators=[
                            django.core.validators.MinValueValidator(50),
                            django.core.validators.MaxValueValidator(3500),
                        ],
                    ),
                ),
                (
                    "minutes",
                    models.DecimalField(
                        decimal_places=1,
                        help_text="1–30 min",
                        max_digits=3,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("1")),
                            django.core.validators.MaxValueValidator(Decimal("30")),
                        ],
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="f1fe81f756963e7472f988422feaaa81583747d2",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_db50f",
                            table="plans_prpspinevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScreeningAnswerEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.screeninganswer",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "consultation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.consultation",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.screeningitem",
                    ),
                ),
                ("boolean", models.BooleanField(blank=True, null=True)),
                (
                    "number",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="cabcac4665987ef4135277e27506674ea60616d9",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_f8b36",
                            table="plans_screeninganswerevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ScreeningItemEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.screeningitem",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("code", models.SlugField(db_index=False, max_length=60)),
                ("label", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[("boolean", "Yes or no"), ("number", "Number")],
                        default="boolean",
                        max_length=10,
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=20)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("absolute", "Absolute: blocks"),
                            ("relative", "Relative: warns"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "modalities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("prp", "PRP"),
                                ("stem_cell", "Stem cell"),
                                ("microneedling", "Microneedling"),
                                ("exosome", "Exosome"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        help_text="The modalities it concerns; empty: all.",
                        size=None,
                    ),
                ),
                (
                    "applies_to_sexes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("female", "Female"),
                                ("male", "Male"),
                                ("other", "Other"),
                                ("unknown", "Unknown"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        help_text="Who is asked; empty: everybody.",
                        size=None,
                    ),
                ),
                (
                    "unremarkable_boolean",
                    models.BooleanField(
                        blank=True,
                        help_text="The answer that raises nothing.",
                        null=True,
                    ),
                ),
                (
                    "unremarkable_number",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
                (
                    "block_below",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
                (
                    "warn_below",
                    models.DecimalField(
                        blank=True, decimal_places=2, max_digits=9, null=True
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "can_override",
                    models.BooleanField(
                        default=True,
                        help_text="Whether a reason can lift an absolute block.",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="48b6752d8599d4481796896831cda55ea4b55cbf",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_a34e9",
                            table="plans_screeningitemevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionAmendmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.sessionamendment",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "session",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.proceduresession",
                    ),
                ),
                ("reason", models.TextField()),
                ("amended_at", models.DateTimeField()),
                (
                    "amended_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="63f6f75e1daee4a23d1cd6aa078c90ca214ad1d2",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_d3ad0",
                            table="plans_sessionamendmentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionComponentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "session",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "modality",
                    models.CharField(
                        choices=[
                            ("prp", "PRP"),
                            ("stem_cell", "Stem cell"),
                            ("microneedling", "Microneedling"),
                            ("exosome", "Exosome"),
                        ],
                        max_length=20,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="846bd4c2e94efe200d114d2f55a32b21764943e4",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_8c1fe",
                            table="plans_sessioncomponentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StemCellRecordEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.stemcellrecord",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("adipose", "Adipose"),
                            ("bone_marrow", "Bone marrow"),
                        ],
                        max_length=15,
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("enzymatic_svf", "Enzymatic SVF"),
                            ("mechanical_svf", "Mechanical SVF"),
                            ("cultured_adsc", "Cultured ADSC"),
                            ("marrow_concentrate", "Marrow concentrate"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "harvest_site",
                    models.CharField(
                        choices=[
                            ("abdomen", "Abdomen"),
                            ("flank", "Flank"),
                            ("thigh", "Thigh"),
                            ("iliac_crest_left", "Iliac crest, left"),
                            ("iliac_crest_right", "Iliac crest, right"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "harvested_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="5–2000 mL",
                        max_digits=6,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("5")),
                            django.core.validators.MaxValueValidator(Decimal("2000")),
                        ],
                    ),
                ),
                (
                    "viable_cells_10e6",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0–10000 ×10⁶",
                        max_digits=7,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("10000")),
                        ],
                    ),
                ),
                (
                    "viability_pct",
                    models.DecimalField(
                        decimal_places=1,
                        help_text="0–100 %",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0")),
                            django.core.validators.MaxValueValidator(Decimal("100")),
                        ],
                    ),
                ),
                (
                    "passage",
                    models.BigIntegerField(
                        help_text="0–20",
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(20),
                        ],
                    ),
                ),
                (
                    "injected_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.1–50 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("50")),
                        ],
                    ),
                ),
                (
                    "area_cm2",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="10–400 cm²",
                        max_digits=4,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("10")),
                            django.core.validators.MaxValueValidator(Decimal("400")),
                        ],
                    ),
                ),
                (
                    "points",
                    models.BigIntegerField(
                        blank=True,
                        help_text="1–500 points",
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(500),
                        ],
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="88b264dbcc735c20bdef5bdd8bc87174adee6f05",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_b7091",
                            table="plans_stemcellrecordevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StepComponentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.stepcomponent",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "modality",
                    models.CharField(
                        choices=[
                            ("prp", "PRP"),
                            ("stem_cell", "Stem cell"),
                            ("microneedling", "Microneedling"),
                            ("exosome", "Exosome"),
                        ],
                        max_length=20,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=1)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="d2eec2f0df4f88f719dd9ca936f1dab0e59f400e",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_70d67",
                            table="plans_stepcomponentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TreatmentPlanEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="patients.patient",
                    ),
                ),
                (
                    "consultation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.consultation",
                    ),
                ),
                (
                    "protocol",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocol",
                    ),
                ),
                (
                    "lead_practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                ("start_date", models.DateField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("proposed", "Proposed"),
                            ("accepted", "Accepted"),
                            ("active", "Active"),
                            ("on_hold", "On hold"),
                            ("completed", "Completed"),
                            ("declined", "Declined"),
                            ("discontinued", "Discontinued"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "revision",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                ("proposed_at", models.DateTimeField(editable=False, null=True)),
                ("accepted_on", models.DateField(editable=False, null=True)),
                ("expectation_as_shown", models.TextField(blank=True, editable=False)),
                ("declined_at", models.DateTimeField(editable=False, null=True)),
                ("activated_at", models.DateTimeField(editable=False, null=True)),
                ("held_at", models.DateTimeField(editable=False, null=True)),
                ("completed_at", models.DateTimeField(editable=False, null=True)),
                ("discontinued_at", models.DateTimeField(editable=False, null=True)),
                (
                    "status_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="3c3038c2c0e5b684d090cb66bb874c762f150a00",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_56e94",
                            table="plans_treatmentplanevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="VisitTypeEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.visittype",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consultation", "Consultation"),
                            ("session", "Session"),
                            ("follow_up", "Follow-up"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "duration_minutes",
                    models.PositiveSmallIntegerField(
                        default=30,
                        help_text="Where the session or follow-up does not say how long it takes.",
                    ),
                ),
                (
                    "practitioner_minutes_before",
                    models.PositiveSmallIntegerField(default=0),
                ),
                (
                    "practitioner_minutes_after",
                    models.PositiveSmallIntegerField(default=0),
                ),
                ("room_minutes_before", models.PositiveSmallIntegerField(default=0)),
                ("room_minutes_after", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="e367d27c55f72e02e472915ae815e6928d4d3d51",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_6bc04",
                            table="plans_visittypeevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AppointmentRevisionEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.appointmentrevision",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "appointment",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.appointment",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("moved", "Moved"),
                            ("cancelled", "Cancelled"),
                            ("undone", "Undone"),
                        ],
                        max_length=10,
                    ),
                ),
                ("acted_at", models.DateTimeField()),
                (
                    "acted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "status_before",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("booked", "Booked"),
                            ("confirmed", "Confirmed"),
                            ("arrived", "Arrived"),
                            ("fulfilled", "Fulfilled"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status_after",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("confirmed", "Confirmed"),
                            ("arrived", "Arrived"),
                            ("fulfilled", "Fulfilled"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.room",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("overbooked", models.BooleanField(default=False)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="3117582620cd6c44cbfe424222084aa820b930cc",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_8c951",
                            table="plans_appointmentrevisionevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ComponentWarningEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.componentwarning",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.sessioncomponent",
                    ),
                ),
                ("attr", models.CharField(max_length=60)),
                ("code", models.CharField(max_length=40)),
                ("detail", models.CharField(max_length=300)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="8f099cacb4e1fa3ceb776e6fbec65a319ebdfed3",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_75ad9",
                            table="plans_componentwarningevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CauseEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.cause",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "consultation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.consultation",
                    ),
                ),
                (
                    "icd10",
                    models.CharField(
                        max_length=8,
                        validators=[plans.consultations.models.validate_icd10],
                        verbose_name="ICD-10",
                    ),
                ),
                (
                    "factor",
                    models.CharField(
                        choices=[
                            ("genetic", "Genetic"),
                            ("hormonal", "Hormonal"),
                            ("age", "Age"),
                            ("stress", "Stress"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                        verbose_name="contributing factor",
                    ),
                ),
                (
                    "is_primary",
                    models.BooleanField(default=False, verbose_name="primary"),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="82b797e5ce45c0e1f581a3a148e98b56758046fa",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_4b04b",
                            table="plans_causeevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsultationAmendmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.consultationamendment",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "consultation",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.consultation",
                    ),
                ),
                ("reason", models.TextField()),
                ("amended_at", models.DateTimeField()),
                (
                    "amended_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="ed60a05ac9e37208ee401c5163930678b6b44be3",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_67f71",
                            table="plans_consultationamendmentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsultationEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.consultation",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="patients.patient",
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("signed", "Signed"),
                            ("amended", "Amended"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "severity_scale",
                    models.CharField(
                        choices=[
                            ("norwood_hamilton", "Norwood–Hamilton"),
                            ("ludwig", "Ludwig"),
                            ("sinclair", "Sinclair"),
                            ("savin", "Savin"),
                            ("salt", "SALT"),
                            ("pull_test", "Pull test"),
                        ],
                        max_length=20,
                    ),
                ),
                ("severity_value", models.CharField(max_length=20)),
                ("goals", models.TextField()),
                (
                    "candidacy",
                    models.CharField(
                        choices=[
                            ("candidate", "Candidate"),
                            ("not_candidate", "Not a candidate"),
                            ("deferred", "Deferred"),
                        ],
                        max_length=15,
                    ),
                ),
                ("notes", models.TextField(blank=True)),
                ("signed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "signed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("amended_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="9f4c5d12bc5f2eeba7760470fb2fcd0d6518f852",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_cae46",
                            table="plans_consultationevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ExosomeRecordEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.exosomerecord",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("autologous", "Autologous"),
                            ("allogeneic", "Allogeneic"),
                            ("plant", "Plant"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "particles_per_ml",
                    models.BigIntegerField(
                        help_text="1000000–10000000000000 /mL",
                        validators=[
                            django.core.validators.MinValueValidator(1000000),
                            django.core.validators.MaxValueValidator(10000000000000),
                        ],
                    ),
                ),
                (
                    "dose_ml",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.1–20 mL",
                        max_digits=4,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.1")),
                            django.core.validators.MaxValueValidator(Decimal("20")),
                        ],
                    ),
                ),
                ("route", models.CharField(max_length=60)),
                ("regulatory_basis", models.CharField(blank=True, max_length=120)),
                (
                    "storage_c",
                    models.DecimalField(
                        blank=True,
                        decimal_places=1,
                        help_text="-196–30 °C",
                        max_digits=3,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("-196")),
                            django.core.validators.MaxValueValidator(Decimal("30")),
                        ],
                    ),
                ),
                ("reconstituted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="3d811c8185f8523f0dcd2d112497357668de941a",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_90888",
                            table="plans_exosomerecordevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ContactAttemptEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.contactattempt",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "follow_up",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.followup",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("call", "Call"),
                            ("email", "Email"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("reached", "Reached"),
                            ("no_answer", "No answer"),
                            ("left_message", "Left a message"),
                            ("wrong_number", "Wrong number"),
                            ("declined", "Declined"),
                        ],
                        max_length=15,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                ("next_try_on", models.DateField(blank=True, null=True)),
                ("attempted_at", models.DateTimeField(editable=False)),
                (
                    "attempted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="0106ea800dfba881d47cdb7b133315ca062d5750",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_bb05d",
                            table="plans_contactattemptevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FollowUpEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.followup",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="patients.patient",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "consultation",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.consultation",
                    ),
                ),
                (
                    "sequence",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                ("title", models.CharField(max_length=120)),
                ("duration_minutes", models.PositiveSmallIntegerField(default=30)),
                ("target_date", models.DateField()),
                ("window_start", models.DateField()),
                ("window_end", models.DateField()),
                ("pinned_on", models.DateField(blank=True, editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancelled_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cancel_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="97dce80af0f9cb8a990077738d2684a630ce04a3",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_884e3",
                            table="plans_followupevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MessagePolicyEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.messagepolicy",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                (
                    "visit_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("consultation", "Consultation"),
                            ("session", "Session"),
                            ("follow_up", "Follow-up"),
                        ],
                        help_text="Empty: every kind of visit.",
                        max_length=12,
                    ),
                ),
                (
                    "days_before",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("send_at", models.TimeField(blank=True, null=True)),
                (
                    "hours_before",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                ("is_enabled", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="d59db2420bcf4e385719cf19d52b84f25ad6495a",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_e6e13",
                            table="plans_messagepolicyevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MicroneedlingRecordEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.microneedlingrecord",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "component",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.sessioncomponent",
                    ),
                ),
                (
                    "device",
                    models.CharField(
                        choices=[("roller", "Roller"), ("pen", "Pen"), ("rf", "RF")],
                        max_length=10,
                    ),
                ),
                (
                    "needle_length_mm",
                    models.DecimalField(
                        decimal_places=2,
                        help_text="0.2–3 mm",
                        max_digits=3,
                        validators=[
                            django.core.validators.MinValueValidator(Decimal("0.2")),
                            django.core.validators.MaxValueValidator(Decimal("3")),
                        ],
                    ),
                ),
                (
                    "passes",
                    models.BigIntegerField(
                        help_text="1–30 passes",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(30),
                        ],
                    ),
                ),
                (
                    "endpoint",
                    models.CharField(
                        choices=[
                            ("erythema", "Erythema"),
                            ("pinpoint_bleeding", "Pinpoint bleeding"),
                        ],
                        max_length=20,
                    ),
                ),
                ("speed", models.CharField(blank=True, max_length=60)),
                ("topical", models.CharField(blank=True, max_length=120)),
                (
                    "order",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Its place beside its partner.", null=True
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="ad138aebc1c53cc1b3bab7b7771b61dddb506487",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_f4b9f",
                            table="plans_microneedlingrecordevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanConsentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.planconsent",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plan",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "consent",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="patients.consent",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="36df92fa574e0672d4c83ba04ad91ceebc3c9046",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_d4981",
                            table="plans_planconsentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckInEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.checkin",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "session",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocolstep",
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("target_date", models.DateField()),
                ("window_start", models.DateField()),
                ("window_end", models.DateField()),
                ("answered_at", models.DateTimeField(editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancel_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="90ea0fc3d8d511236eabbfe3a3a6e08d32cf3bad",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_37c60",
                            table="plans_checkinevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AppointmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.appointment",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "patient",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="patients.patient",
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.room",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("consultation", "Consultation"),
                            ("session", "Session"),
                            ("follow_up", "Follow-up"),
                        ],
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "follow_up",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.followup",
                    ),
                ),
                (
                    "consultation",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.consultation",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "practitioner_busy",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        editable=False
                    ),
                ),
                (
                    "room_busy",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        editable=False
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("confirmed", "Confirmed"),
                            ("arrived", "Arrived"),
                            ("fulfilled", "Fulfilled"),
                            ("cancelled", "Cancelled"),
                            ("no_show", "No-show"),
                        ],
                        default="booked",
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "revision",
                    models.PositiveSmallIntegerField(default=1, editable=False),
                ),
                ("overbooked", models.BooleanField(default=False, editable=False)),
                (
                    "override_reason",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "booked_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(editable=False, null=True)),
                ("arrived_at", models.DateTimeField(editable=False, null=True)),
                ("fulfilled_at", models.DateTimeField(editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancel_reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("patient", "Patient"),
                            ("clinic", "Clinic"),
                            ("other", "Other"),
                        ],
                        editable=False,
                        max_length=10,
                    ),
                ),
                (
                    "cancel_note",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("no_show_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="59e86f41bf34fd50935589030be643173253f1af",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_51f25",
                            table="plans_appointmentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProcedureSessionEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.proceduresession",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plan",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.treatmentplan",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocolstep",
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.proceduresession",
                    ),
                ),
                ("sequence", models.PositiveSmallIntegerField()),
                ("title", models.CharField(max_length=120)),
                ("duration_minutes", models.PositiveSmallIntegerField()),
                ("target_date", models.DateField()),
                ("window_start", models.DateField()),
                ("window_end", models.DateField()),
                (
                    "pinned_on",
                    models.DateField(
                        blank=True,
                        editable=False,
                        help_text="A target set by a person.",
                        null=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("in_progress", "In progress"),
                            ("performed", "Performed"),
                            ("aborted", "Aborted"),
                            ("signed", "Signed"),
                            ("amended", "Amended"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="planned",
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField(editable=False, null=True)),
                ("performed_at", models.DateTimeField(editable=False, null=True)),
                ("aborted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "abort_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
                ("cancelled_at", models.DateTimeField(editable=False, null=True)),
                (
                    "cancel_reason",
                    models.CharField(blank=True, editable=False, max_length=500),
                ),
                (
                    "operator",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "zones",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("frontal", "Frontal"),
                                ("midscalp", "Midscalp"),
                                ("vertex", "Vertex"),
                                ("left_temporal", "Left temporal"),
                                ("right_temporal", "Right temporal"),
                                ("occipital", "Occipital"),
                            ],
                            max_length=20,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                (
                    "pain_0_10",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(10)],
                        verbose_name="pain (0–10)",
                    ),
                ),
                ("deviations", models.TextField(blank=True)),
                ("signed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "signed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("amended_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="08e186fae53a995bd2c4e7673e7665bf5fbaf81b",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_e9423",
                            table="plans_proceduresessionevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanRevisionEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="plans.planrevision",
                    ),
                ),
                (
                    "pgh_context",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="pghistory.context",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        db_default=clinic.records.UuidV7(),
                        default=clinic.records.uuid7,
                        editable=False,
                        serialize=False,
                    ),
                ),
                (
                    "version",
                    models.PositiveIntegerField(
                        db_default=1, default=1, editable=False
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "plan",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.treatmentplan",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "protocol",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="plans.protocol",
                    ),
                ),
                ("reason", models.TextField()),
                ("revised_at", models.DateTimeField()),
                (
                    "revised_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="60d7eb6546ec7e784fd02ec12c877f9cf6a7b23f",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_668a7",
                            table="plans_planrevisionevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        clinic.audit.operations.InstallTriggers(),
    ]
