import clinic.audit.operations
import clinic.records
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
import patients.models
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("clinic", "0001_initial"),
        ("clinic", "__first__"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        migrations.RunSQL(
            sql="CREATE SEQUENCE patients_mrn",
            reverse_sql="DROP SEQUENCE patients_mrn",
        ),
        migrations.CreateModel(
            name="Patient",
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
                    "mrn",
                    models.CharField(
                        db_default=patients.models.NextMrn(),
                        editable=False,
                        max_length=20,
                        unique=True,
                        verbose_name="record number",
                    ),
                ),
                ("first_name", models.CharField(max_length=100)),
                ("last_name", models.CharField(max_length=100)),
                ("date_of_birth", models.DateField()),
                (
                    "sex",
                    models.CharField(
                        choices=[
                            ("female", "Female"),
                            ("male", "Male"),
                            ("other", "Other"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "home_location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="patients",
                        to="clinic.location",
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=32)),
                (
                    "phone_digits",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The phone in E.164 digits, so that any spelling finds it.",
                        max_length=20,
                    ),
                ),
                ("language", models.CharField(default="en", max_length=8)),
                (
                    "email_opt_out",
                    models.BooleanField(default=False, verbose_name="no email"),
                ),
                (
                    "email_bounced_at",
                    models.DateTimeField(blank=True, editable=False, null=True),
                ),
            ],
            options={
                "ordering": ["last_name", "first_name", "id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        django.db.models.functions.text.Lower("last_name"),
                        django.db.models.functions.text.Lower("first_name"),
                        name="patient_name",
                    ),
                    models.Index(fields=["phone_digits"], name="patient_phone"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower("last_name"),
                            name="gin_trgm_ops",
                        ),
                        name="patient_last_name_trgm",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("first_name", ""), _negated=True),
                            models.Q(("last_name", ""), _negated=True),
                        ),
                        name="patient_named",
                        violation_error_message="A patient has a first and a last name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("date_of_birth__gte", "1900-01-01")),
                        name="patient_born_since_1900",
                        violation_error_message="The date of birth must be 1900-01-01 or later.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="d8c1ffee33469c235e0ae8b1ef4625d82892bfc9",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_96a18",
                            table="patients_patient",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_patientevent" ("created_at", "date_of_birth", "email", "email_bounced_at", "email_opt_out", "first_name", "home_location_id", "id", "language", "last_name", "mrn", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "phone_digits", "sex", "updated_at", "version") VALUES (NEW."created_at", NEW."date_of_birth", NEW."email", NEW."email_bounced_at", NEW."email_opt_out", NEW."first_name", NEW."home_location_id", NEW."id", NEW."language", NEW."last_name", NEW."mrn", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."phone_digits", NEW."sex", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="66a64f57038d31a997e3690f02ebbcda92440798",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_62165",
                            table="patients_patient",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "patients_patientevent" ("created_at", "date_of_birth", "email", "email_bounced_at", "email_opt_out", "first_name", "home_location_id", "id", "language", "last_name", "mrn", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "phone_digits", "sex", "updated_at", "version") VALUES (NEW."created_at", NEW."date_of_birth", NEW."email", NEW."email_bounced_at", NEW."email_opt_out", NEW."first_name", NEW."home_location_id", NEW."id", NEW."language", NEW."last_name", NEW."mrn", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."phone_digits", NEW."sex", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="81e3095aab8f0150818309f2579160eed471a2ae",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_546ce",
                            table="patients_patient",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_patientevent" ("created_at", "date_of_birth", "email", "email_bounced_at", "email_opt_out", "first_name", "home_location_id", "id", "language", "last_name", "mrn", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "phone_digits", "sex", "updated_at", "version") VALUES (OLD."created_at", OLD."date_of_birth", OLD."email", OLD."email_bounced_at", OLD."email_opt_out", OLD."first_name", OLD."home_location_id", OLD."id", OLD."language", OLD."last_name", OLD."mrn", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phone", OLD."phone_digits", OLD."sex", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="21150a5ab15f29cc87a49f45c6b9a247c67d2541",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9898d",
                            table="patients_patient",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allergy",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="allergies",
                        to="patients.patient",
                    ),
                ),
                ("substance", models.CharField(max_length=120)),
                ("reaction", models.CharField(blank=True, max_length=200)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("mild", "Mild"),
                            ("moderate", "Moderate"),
                            ("severe", "Severe"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=10,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "allergies",
                "ordering": ["substance"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="2c55c17c7e6289d7f1d86b55da82ca933a265c26",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_1b70c",
                            table="patients_allergy",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_allergyevent" ("created_at", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reaction", "severity", "substance", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reaction", NEW."severity", NEW."substance", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="d66172e156488338cb63ea40261f44a292873521",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_09063",
                            table="patients_allergy",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "patients_allergyevent" ("created_at", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reaction", "severity", "substance", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reaction", NEW."severity", NEW."substance", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="e5fb2b57d95c1112185f430179dd0745dd7726d6",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_6c37b",
                            table="patients_allergy",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_allergyevent" ("created_at", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reaction", "severity", "substance", "updated_at", "version") VALUES (OLD."created_at", OLD."id", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reaction", OLD."severity", OLD."substance", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="9260c520f5bed543bb40dd6fd86189fab8ad17ad",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_9391c",
                            table="patients_allergy",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Guardian",
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="guardian",
                        to="patients.patient",
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("relationship", models.CharField(max_length=60)),
                ("phone", models.CharField(blank=True, max_length=32)),
                ("email", models.EmailField(blank=True, max_length=254)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="df0b5c1b47fd7bb8644bf4edb1210c47a7ccb8d9",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_3e931",
                            table="patients_guardian",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_guardianevent" ("created_at", "email", "id", "name", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "relationship", "updated_at", "version") VALUES (NEW."created_at", NEW."email", NEW."id", NEW."name", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."relationship", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="59171ccab8800c38dfdcddb9fb9aafd79bdfbe6f",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_0a19f",
                            table="patients_guardian",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "patients_guardianevent" ("created_at", "email", "id", "name", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "relationship", "updated_at", "version") VALUES (NEW."created_at", NEW."email", NEW."id", NEW."name", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."relationship", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="d3f0c9f33c17cd2bea0ae38d61d34e3e5b0aab1f",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_1c48c",
                            table="patients_guardian",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_guardianevent" ("created_at", "email", "id", "name", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "relationship", "updated_at", "version") VALUES (OLD."created_at", OLD."email", OLD."id", OLD."name", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phone", OLD."relationship", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="418574794c1c5e4f90f4dc98dc88b34ee3296e25",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_b4c7c",
                            table="patients_guardian",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoryEntry",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="history_entries",
                        to="patients.patient",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("condition", "Condition"),
                            ("medication", "Medication"),
                            ("procedure", "Procedure"),
                            ("family", "Family history"),
                            ("lifestyle", "Lifestyle"),
                        ],
                        max_length=10,
                    ),
                ),
                ("description", models.CharField(max_length=300)),
                ("since", models.DateField(blank=True, null=True)),
                ("until", models.DateField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "medical history",
                "ordering": ["kind", "-since"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until__isnull", True),
                            ("since__isnull", True),
                            ("until__gte", models.F("since")),
                            _connector="OR",
                        ),
                        name="history_entry_dates_in_order",
                        violation_error_message="It cannot end before it began.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="80b10dee8dfbc59ac46add62fd4b617ca44f4dd0",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_d818c",
                            table="patients_historyentry",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_historyentryevent" ("created_at", "description", "id", "kind", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "until", "updated_at", "version") VALUES (NEW."created_at", NEW."description", NEW."id", NEW."kind", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."since", NEW."until", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="e29418dc0a456afb29e86f3ecc3a7370ced496bd",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_33716",
                            table="patients_historyentry",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "patients_historyentryevent" ("created_at", "description", "id", "kind", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "until", "updated_at", "version") VALUES (NEW."created_at", NEW."description", NEW."id", NEW."kind", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."since", NEW."until", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="29810138d20887429aea77d07138df4ea0fc8c70",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_00425",
                            table="patients_historyentry",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_historyentryevent" ("created_at", "description", "id", "kind", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "since", "until", "updated_at", "version") VALUES (OLD."created_at", OLD."description", OLD."id", OLD."kind", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."since", OLD."until", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="b7caa371645ed52dbf2c77c57e356251b22924ea",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_431fe",
                            table="patients_historyentry",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsentDocument",
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
                    "purpose",
                    models.CharField(
                        choices=[
                            ("treatment", "Treatment"),
                            ("photographs", "Photographs"),
                            ("marketing", "Marketing"),
                            ("email", "Email"),
                        ],
                        default="treatment",
                        max_length=12,
                    ),
                ),
                (
                    "modality",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("prp", "PRP"),
                            ("stem_cell", "Stem cell"),
                            ("microneedling", "Microneedling"),
                            ("exosome", "Exosome"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
                (
                    "version_label",
                    models.CharField(max_length=20, verbose_name="version"),
                ),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("in_force_from", models.DateField()),
                ("in_force_until", models.DateField(blank=True, null=True)),
            ],
            options={
                "ordering": ["modality", "-in_force_from"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("purpose", "modality", "version_label"),
                        name="consent_document_version_unique",
                        nulls_distinct=False,
                        violation_error_message="This version exists already.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("in_force_until__isnull", True)),
                        fields=("purpose", "modality"),
                        name="consent_document_one_in_force",
                        nulls_distinct=False,
                        violation_error_message="Another version is in force without end; end it first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("purpose", "treatment"), ("modality__isnull", False)
                            ),
                            models.Q(
                                models.Q(("purpose", "treatment"), _negated=True),
                                ("modality__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="consent_document_treatment_has_modality",
                        violation_error_message="A treatment consent names its modality; the others name none.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="9408be95cf926aa02532d83303feb3f907438890",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_81e18",
                            table="patients_consentdocument",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_consentdocumentevent" ("created_at", "id", "in_force_from", "in_force_until", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "text", "title", "updated_at", "version", "version_label") VALUES (NEW."created_at", NEW."id", NEW."in_force_from", NEW."in_force_until", NEW."modality", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."purpose", NEW."text", NEW."title", NEW."updated_at", NEW."version", NEW."version_label"); RETURN NULL;',
                            hash="3512665e10fdf82bd6a9cc448108242127c1417d",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_a01fa",
                            table="patients_consentdocument",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "patients_consentdocumentevent" ("created_at", "id", "in_force_from", "in_force_until", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "text", "title", "updated_at", "version", "version_label") VALUES (NEW."created_at", NEW."id", NEW."in_force_from", NEW."in_force_until", NEW."modality", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."purpose", NEW."text", NEW."title", NEW."updated_at", NEW."version", NEW."version_label"); RETURN NULL;',
                            hash="247dd0caf59be21bade14839461c218cd1810ffa",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_fc1ef",
                            table="patients_consentdocument",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_consentdocumentevent" ("created_at", "id", "in_force_from", "in_force_until", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "purpose", "text", "title", "updated_at", "version", "version_label") VALUES (OLD."created_at", OLD."id", OLD."in_force_from", OLD."in_force_until", OLD."modality", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."purpose", OLD."text", OLD."title", OLD."updated_at", OLD."version", OLD."version_label"); RETURN NULL;',
                            hash="adec054b9b17bf521ed97af7924587d8583fcc51",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_c5e83",
                            table="patients_consentdocument",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
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
                        related_name="consents",
                        to="patients.patient",
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="patients.consentdocument",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("given", "Given"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded"),
                        ],
                        default="given",
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "signed_name",
                    models.CharField(
                        help_text="As typed by the patient or guardian.", max_length=200
                    ),
                ),
                ("signed_on", models.DateField()),
                ("text_as_signed", models.TextField(editable=False)),
                (
                    "recorded_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                (
                    "withdrawal_reason",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("superseded_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["-signed_on", "-id"],
                "abstract": False,
                "indexes": [
                    models.Index(
                        fields=["patient", "status"], name="consent_patient_status"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("withdrawn",)),
                                ("withdrawn_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(("status__in", ("withdrawn",)), _negated=True),
                                models.Q(
                                    ("withdrawn_at__isnull", False), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="consent_withdrawn_stamped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status__in", ("superseded",)),
                                ("superseded_at__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    ("status__in", ("superseded",)), _negated=True
                                ),
                                models.Q(
                                    ("superseded_at__isnull", False), _negated=True
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="consent_superseded_stamped",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "given")),
                        fields=("patient", "document"),
                        name="consent_given_once",
                        violation_error_message="This version has been signed already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("signed_name", ""), _negated=True),
                        name="consent_signed",
                        violation_error_message="A consent carries the signer's name.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="374c9913005f836b13deed40ef7140a47fe09561",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_d8285",
                            table="patients_consent",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_consentevent" ("created_at", "document_id", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_by_id", "signed_name", "signed_on", "status", "superseded_at", "text_as_signed", "updated_at", "version", "withdrawal_reason", "withdrawn_at") VALUES (NEW."created_at", NEW."document_id", NEW."id", NEW."patient_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."recorded_by_id", NEW."signed_name", NEW."signed_on", NEW."status", NEW."superseded_at", NEW."text_as_signed", NEW."updated_at", NEW."version", NEW."withdrawal_reason", NEW."withdrawn_at"); RETURN NULL;',
                            hash="b7f21d017fa27eeaae919f69a8ff12092f16bf5d",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_f3c10",
                            table="patients_consent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "patients_consentevent" ("created_at", "document_id", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_by_id", "signed_name", "signed_on", "status", "superseded_at", "text_as_signed", "updated_at", "version", "withdrawal_reason", "withdrawn_at") VALUES (NEW."created_at", NEW."document_id", NEW."id", NEW."patient_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."recorded_by_id", NEW."signed_name", NEW."signed_on", NEW."status", NEW."superseded_at", NEW."text_as_signed", NEW."updated_at", NEW."version", NEW."withdrawal_reason", NEW."withdrawn_at"); RETURN NULL;',
                            hash="0a9810c76a55aa9ef0ddf91113cb1e38352adc0c",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_06fdd",
                            table="patients_consent",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "patients_consentevent" ("created_at", "document_id", "id", "patient_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_by_id", "signed_name", "signed_on", "status", "superseded_at", "text_as_signed", "updated_at", "version", "withdrawal_reason", "withdrawn_at") VALUES (OLD."created_at", OLD."document_id", OLD."id", OLD."patient_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."recorded_by_id", OLD."signed_name", OLD."signed_on", OLD."status", OLD."superseded_at", OLD."text_as_signed", OLD."updated_at", OLD."version", OLD."withdrawal_reason", OLD."withdrawn_at"); RETURN NULL;',
                            hash="fb65c89be4b78e0c17ab8fd37602360711721c13",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_a515a",
                            table="patients_consent",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsentDocumentEvent",
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
                        to="patients.consentdocument",
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
                    "purpose",
                    models.CharField(
                        choices=[
                            ("treatment", "Treatment"),
                            ("photographs", "Photographs"),
                            ("marketing", "Marketing"),
                            ("email", "Email"),
                        ],
                        default="treatment",
                        max_length=12,
                    ),
                ),
                (
                    "modality",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("prp", "PRP"),
                            ("stem_cell", "Stem cell"),
                            ("microneedling", "Microneedling"),
                            ("exosome", "Exosome"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
                (
                    "version_label",
                    models.CharField(max_length=20, verbose_name="version"),
                ),
                ("title", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("in_force_from", models.DateField()),
                ("in_force_until", models.DateField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="ed152668cb4705800c677272d13d225e3f760e19",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_995d5",
                            table="patients_consentdocumentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ConsentEvent",
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
                        to="patients.consent",
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
                    "document",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="patients.consentdocument",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("given", "Given"),
                            ("withdrawn", "Withdrawn"),
                            ("superseded", "Superseded"),
                        ],
                        default="given",
                        editable=False,
                        max_length=12,
                    ),
                ),
                (
                    "signed_name",
                    models.CharField(
                        help_text="As typed by the patient or guardian.", max_length=200
                    ),
                ),
                ("signed_on", models.DateField()),
                ("text_as_signed", models.TextField(editable=False)),
                (
                    "recorded_by",
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
                ("withdrawn_at", models.DateTimeField(editable=False, null=True)),
                (
                    "withdrawal_reason",
                    models.CharField(blank=True, editable=False, max_length=300),
                ),
                ("superseded_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="fced6dcbc87843e2b3fc4d589e9e5c46457e7a26",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_76697",
                            table="patients_consentevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GuardianEvent",
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
                        to="patients.guardian",
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
                ("name", models.CharField(max_length=200)),
                ("relationship", models.CharField(max_length=60)),
                ("phone", models.CharField(blank=True, max_length=32)),
                ("email", models.EmailField(blank=True, max_length=254)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="8b63b86c1c69580d6a45c6a66fa4751caf8d1e1e",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_e853c",
                            table="patients_guardianevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoryEntryEvent",
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
                        to="patients.historyentry",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("condition", "Condition"),
                            ("medication", "Medication"),
                            ("procedure", "Procedure"),
                            ("family", "Family history"),
                            ("lifestyle", "Lifestyle"),
                        ],
                        max_length=10,
                    ),
                ),
                ("description", models.CharField(max_length=300)),
                ("since", models.DateField(blank=True, null=True)),
                ("until", models.DateField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="98fe0559109a355d06e9657bffe3fc2bfbeb87b3",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_4a8ad",
                            table="patients_historyentryevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PatientEvent",
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
                        to="patients.patient",
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
                    "mrn",
                    models.CharField(
                        db_default=patients.models.NextMrn(),
                        editable=False,
                        max_length=20,
                        verbose_name="record number",
                    ),
                ),
                ("first_name", models.CharField(max_length=100)),
                ("last_name", models.CharField(max_length=100)),
                ("date_of_birth", models.DateField()),
                (
                    "sex",
                    models.CharField(
                        choices=[
                            ("female", "Female"),
                            ("male", "Male"),
                            ("other", "Other"),
                            ("unknown", "Unknown"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "home_location",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.location",
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("phone", models.CharField(blank=True, max_length=32)),
                (
                    "phone_digits",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="The phone in E.164 digits, so that any spelling finds it.",
                        max_length=20,
                    ),
                ),
                ("language", models.CharField(default="en", max_length=8)),
                (
                    "email_opt_out",
                    models.BooleanField(default=False, verbose_name="no email"),
                ),
                (
                    "email_bounced_at",
                    models.DateTimeField(blank=True, editable=False, null=True),
                ),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="d56fc44e91ee8df71d41dd0265710731967b921c",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_ade9e",
                            table="patients_patientevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="AllergyEvent",
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
                        to="patients.allergy",
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
                ("substance", models.CharField(max_length=120)),
                ("reaction", models.CharField(blank=True, max_length=200)),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("mild", "Mild"),
                            ("moderate", "Moderate"),
                            ("severe", "Severe"),
                            ("unknown", "Unknown"),
                        ],
                        default="unknown",
                        max_length=10,
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
                            hash="c548d99255e80820398f5ae48af48c09093f1f15",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_539c8",
                            table="patients_allergyevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        clinic.audit.operations.InstallTriggers(),
    ]
