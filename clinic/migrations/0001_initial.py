import clinic.audit.operations
import clinic.places.models
import clinic.records
import django.contrib.postgres.fields
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(),
        django.contrib.postgres.operations.TrigramExtension(),
        django.contrib.postgres.operations.UnaccentExtension(),
        migrations.CreateModel(
            name="Location",
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
                ("name", models.CharField(max_length=120, unique=True)),
                (
                    "timezone",
                    models.CharField(
                        help_text="IANA name, e.g. Europe/Madrid.",
                        max_length=64,
                        validators=[clinic.places.models.validate_timezone],
                    ),
                ),
                ("street", models.CharField(blank=True, max_length=200)),
                ("city", models.CharField(blank=True, max_length=100)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                (
                    "country",
                    models.CharField(
                        blank=True, help_text="ISO 3166-1 alpha-2.", max_length=2
                    ),
                ),
                (
                    "phone",
                    models.CharField(
                        help_text="What patients call; it stands in every mail.",
                        max_length=32,
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        help_text="Replies to the clinic's mail reach this address.",
                        max_length=254,
                    ),
                ),
                ("language", models.CharField(default="en", max_length=8)),
                (
                    "slot_minutes",
                    models.PositiveSmallIntegerField(
                        default=15, help_text="Grid on which visits start."
                    ),
                ),
                (
                    "lead_minutes",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How long before its start a visit can still be booked.",
                    ),
                ),
                (
                    "grace_seconds",
                    models.PositiveSmallIntegerField(
                        default=60,
                        help_text="How long notices wait, so that a slip can be undone before mail leaves. 0–180.",
                        validators=[django.core.validators.MaxValueValidator(180)],
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "name"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("grace_seconds__lte", 180)),
                        name="location_grace_at_most_180_s",
                        violation_error_message="Notices wait at most 180 seconds.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("slot_minutes__gte", 5), ("slot_minutes__lte", 120)
                        ),
                        name="location_slot_5_to_120_min",
                        violation_error_message="Visits start on a grid of 5 to 120 minutes.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="8c39268a14ea24ca0d941963f3d3877d067ea908",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_7b131",
                            table="clinic_location",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_locationevent" ("city", "country", "created_at", "email", "grace_seconds", "id", "language", "lead_minutes", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "position", "postal_code", "slot_minutes", "street", "timezone", "updated_at", "version") VALUES (NEW."city", NEW."country", NEW."created_at", NEW."email", NEW."grace_seconds", NEW."id", NEW."language", NEW."lead_minutes", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."phone", NEW."position", NEW."postal_code", NEW."slot_minutes", NEW."street", NEW."timezone", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="8b61a0da34c61da90857967ca5203834c70e45c2",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_16fd5",
                            table="clinic_location",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_locationevent" ("city", "country", "created_at", "email", "grace_seconds", "id", "language", "lead_minutes", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "position", "postal_code", "slot_minutes", "street", "timezone", "updated_at", "version") VALUES (NEW."city", NEW."country", NEW."created_at", NEW."email", NEW."grace_seconds", NEW."id", NEW."language", NEW."lead_minutes", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."phone", NEW."position", NEW."postal_code", NEW."slot_minutes", NEW."street", NEW."timezone", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="ebe151e9e528aa675b16e80b92589a024d57b2fd",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_ecd1c",
                            table="clinic_location",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_locationevent" ("city", "country", "created_at", "email", "grace_seconds", "id", "language", "lead_minutes", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "position", "postal_code", "slot_minutes", "street", "timezone", "updated_at", "version") VALUES (OLD."city", OLD."country", OLD."created_at", OLD."email", OLD."grace_seconds", OLD."id", OLD."language", OLD."lead_minutes", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."phone", OLD."position", OLD."postal_code", OLD."slot_minutes", OLD."street", OLD."timezone", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="fb0ee3e643dd82af4ecfcb1fadf2acb7b571e2e9",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_b425a",
                            table="clinic_location",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Closure",
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
                        related_name="closures",
                        to="clinic.location",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["starts_at"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))),
                        name="closure_in_order",
                        violation_error_message="A closure ends after it starts.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="9550626e6bfbee6e22558c41c5b20cefaa648ddb",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_0cb8e",
                            table="clinic_closure",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_closureevent" ("created_at", "ends_at", "id", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "starts_at", "updated_at", "version") VALUES (NEW."created_at", NEW."ends_at", NEW."id", NEW."location_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reason", NEW."starts_at", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="05cdb80a0dec505226f49f0bc8fa67a3553cc6f2",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_7d653",
                            table="clinic_closure",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_closureevent" ("created_at", "ends_at", "id", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "starts_at", "updated_at", "version") VALUES (NEW."created_at", NEW."ends_at", NEW."id", NEW."location_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reason", NEW."starts_at", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="48235a9c804d5738c8204c480c3646f9da37e8f1",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_940e0",
                            table="clinic_closure",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_closureevent" ("created_at", "ends_at", "id", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "starts_at", "updated_at", "version") VALUES (OLD."created_at", OLD."ends_at", OLD."id", OLD."location_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reason", OLD."starts_at", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="f3d6d696085c964191114acdc44cabfb8730a54b",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_20cdb",
                            table="clinic_closure",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="last login"
                    ),
                ),
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
                    "email",
                    models.EmailField(
                        error_messages={"unique": "Somebody signs in with this email."},
                        max_length=254,
                        unique=True,
                    ),
                ),
                ("first_name", models.CharField(max_length=100)),
                ("last_name", models.CharField(max_length=100)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="For setting up a new installation; not for daily work.",
                    ),
                ),
            ],
            options={
                "ordering": ["last_name", "first_name"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email", django.db.models.functions.text.Lower("email"))
                        ),
                        name="user_email_lower_case",
                        violation_error_message="An email to sign in with is written in lower case.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="beeab5cf31c4b1c752afa4968249bb168d681366",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_b0db3",
                            table="clinic_user",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_userevent" ("created_at", "email", "first_name", "id", "is_active", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."created_at", NEW."email", NEW."first_name", NEW."id", NEW."is_active", NEW."is_superuser", NEW."last_name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="e9fc613368a472e969a7cf9d5a1426cdd58b9345",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_2f1a2",
                            table="clinic_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."first_name" IS DISTINCT FROM (NEW."first_name") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."last_name" IS DISTINCT FROM (NEW."last_name") OR OLD."updated_at" IS DISTINCT FROM (NEW."updated_at") OR OLD."version" IS DISTINCT FROM (NEW."version"))',
                            func='INSERT INTO "clinic_userevent" ("created_at", "email", "first_name", "id", "is_active", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (NEW."created_at", NEW."email", NEW."first_name", NEW."id", NEW."is_active", NEW."is_superuser", NEW."last_name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="f2dce046eefd58720a56da04a4979de65f1719cc",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_8b9bb",
                            table="clinic_user",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_userevent" ("created_at", "email", "first_name", "id", "is_active", "is_superuser", "last_name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "updated_at", "version") VALUES (OLD."created_at", OLD."email", OLD."first_name", OLD."id", OLD."is_active", OLD."is_superuser", OLD."last_name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="5416b9b289f4b163e02ebcae1be30d97650a2d09",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_c1c44",
                            table="clinic_user",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                (
                    "fingerprint",
                    models.CharField(
                        help_text="SHA-256 of method, path and body.", max_length=64
                    ),
                ),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("body", models.JSONField(null=True)),
                ("headers", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["created_at"], name="idempotent_request_age")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "key"), name="idempotent_request_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
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
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "location",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="clinic.location",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("practitioner", "Practitioner"),
                            ("assistant", "Assistant"),
                            ("front_desk", "Front desk"),
                            ("manager", "Manager"),
                        ],
                        max_length=20,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "location", "role"),
                        name="membership_unique",
                        violation_error_message="This person has this role here already.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="ecd7a64b3a57791f0c16d5cde7aaddae11651aee",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_a071b",
                            table="clinic_membership",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_membershipevent" ("created_at", "id", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "updated_at", "user_id", "version") VALUES (NEW."created_at", NEW."id", NEW."location_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."role", NEW."updated_at", NEW."user_id", NEW."version"); RETURN NULL;',
                            hash="7a26b38b694d9867f7b3b0be0c99b19a5350cc0d",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_847aa",
                            table="clinic_membership",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_membershipevent" ("created_at", "id", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "updated_at", "user_id", "version") VALUES (NEW."created_at", NEW."id", NEW."location_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."role", NEW."updated_at", NEW."user_id", NEW."version"); RETURN NULL;',
                            hash="1595daed0a7cdcd5b9c003682c7365edbe1bceaf",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_d0685",
                            table="clinic_membership",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_membershipevent" ("created_at", "id", "location_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "updated_at", "user_id", "version") VALUES (OLD."created_at", OLD."id", OLD."location_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."role", OLD."updated_at", OLD."user_id", OLD."version"); RETURN NULL;',
                            hash="a2352255728543b46496762244b8b760bb47ce08",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_e1e0f",
                            table="clinic_membership",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Practitioner",
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
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="practitioner",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="As patients read it: Dr, Nurse …",
                        max_length=20,
                    ),
                ),
                ("is_bookable", models.BooleanField(default=True)),
            ],
            options={
                "ordering": ["user__last_name", "user__first_name"],
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="86cc7a25e367550d2e7b1d793731f1f357e966db",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_f8142",
                            table="clinic_practitioner",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_practitionerevent" ("created_at", "id", "is_bookable", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title", "updated_at", "user_id", "version") VALUES (NEW."created_at", NEW."id", NEW."is_bookable", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."title", NEW."updated_at", NEW."user_id", NEW."version"); RETURN NULL;',
                            hash="0d1d0d6715491e52baf361d9da160936dbf37e73",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_567de",
                            table="clinic_practitioner",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_practitionerevent" ("created_at", "id", "is_bookable", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title", "updated_at", "user_id", "version") VALUES (NEW."created_at", NEW."id", NEW."is_bookable", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."title", NEW."updated_at", NEW."user_id", NEW."version"); RETURN NULL;',
                            hash="dbe099a869aab2d20065742932d3de98e9a245f7",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_b32ac",
                            table="clinic_practitioner",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_practitionerevent" ("created_at", "id", "is_bookable", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "title", "updated_at", "user_id", "version") VALUES (OLD."created_at", OLD."id", OLD."is_bookable", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."title", OLD."updated_at", OLD."user_id", OLD."version"); RETURN NULL;',
                            hash="9e2b9bcfee0ede64356caf8bc83e2e13887ac7e2",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_69e5d",
                            table="clinic_practitioner",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OpeningHours",
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
                        related_name="opening_hours",
                        to="clinic.location",
                    ),
                ),
                (
                    "practitioner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opening_hours",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (7, "Sunday"),
                        ],
                        help_text="ISO: Monday is 1, Sunday is 7.",
                    ),
                ),
                ("opens_at", models.TimeField()),
                ("closes_at", models.TimeField()),
                ("valid_from", models.DateField(blank=True, null=True)),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="Last day, included. Empty: without end.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "opening hours",
                "ordering": ["location", "weekday", "opens_at"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("opens_at__lt", models.F("closes_at"))),
                        name="opening_hours_in_order",
                        violation_error_message="Closing time must be after opening time on the same day.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True),
                            ("valid_from__isnull", True),
                            ("valid_until__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="opening_hours_dates_in_order",
                        violation_error_message="The last day cannot be before the first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("weekday__gte", 1), ("weekday__lte", 7)),
                        name="opening_hours_iso_weekday",
                        violation_error_message="Weekdays run from 1 (Monday) to 7 (Sunday).",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="44eb54163c3db1d3ddd23ac911d2af6a65153cd8",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_f8226",
                            table="clinic_openinghours",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_openinghoursevent" ("closes_at", "created_at", "id", "location_id", "opens_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "updated_at", "valid_from", "valid_until", "version", "weekday") VALUES (NEW."closes_at", NEW."created_at", NEW."id", NEW."location_id", NEW."opens_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."updated_at", NEW."valid_from", NEW."valid_until", NEW."version", NEW."weekday"); RETURN NULL;',
                            hash="3d07a4387186e8efe17f30df9cb465de5e10562d",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_c4a2b",
                            table="clinic_openinghours",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_openinghoursevent" ("closes_at", "created_at", "id", "location_id", "opens_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "updated_at", "valid_from", "valid_until", "version", "weekday") VALUES (NEW."closes_at", NEW."created_at", NEW."id", NEW."location_id", NEW."opens_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."updated_at", NEW."valid_from", NEW."valid_until", NEW."version", NEW."weekday"); RETURN NULL;',
                            hash="ca3fc8082299bd85fbcec8baedd99308fdcf698d",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_4a20a",
                            table="clinic_openinghours",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_openinghoursevent" ("closes_at", "created_at", "id", "location_id", "opens_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "updated_at", "valid_from", "valid_until", "version", "weekday") VALUES (OLD."closes_at", OLD."created_at", OLD."id", OLD."location_id", OLD."opens_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."updated_at", OLD."valid_from", OLD."valid_until", OLD."version", OLD."weekday"); RETURN NULL;',
                            hash="af32951655809466f2a8a3c71f4607d34b2d4894",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_69a5c",
                            table="clinic_openinghours",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Qualification",
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
                    "practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="qualifications",
                        to="clinic.practitioner",
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
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_until", models.DateField(blank=True, null=True)),
            ],
            options={
                "ordering": ["modality"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("practitioner", "modality"), name="qualification_unique"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True),
                            ("valid_from__isnull", True),
                            ("valid_until__gte", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="qualification_dates_in_order",
                        violation_error_message="A qualification cannot end before it begins.",
                    ),
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="1b55b84de8fadc5094251239cfaa88a066d6e13e",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_47a1e",
                            table="clinic_qualification",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_qualificationevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "updated_at", "valid_from", "valid_until", "version") VALUES (NEW."created_at", NEW."id", NEW."modality", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."updated_at", NEW."valid_from", NEW."valid_until", NEW."version"); RETURN NULL;',
                            hash="7b27be25aaea456075b27fc716117ed856e9f180",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_6872d",
                            table="clinic_qualification",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_qualificationevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "updated_at", "valid_from", "valid_until", "version") VALUES (NEW."created_at", NEW."id", NEW."modality", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."updated_at", NEW."valid_from", NEW."valid_until", NEW."version"); RETURN NULL;',
                            hash="e45f59ef4a33173c3b5575bf48069a57f470e4a0",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_c4aad",
                            table="clinic_qualification",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_qualificationevent" ("created_at", "id", "modality", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "updated_at", "valid_from", "valid_until", "version") VALUES (OLD."created_at", OLD."id", OLD."modality", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."updated_at", OLD."valid_from", OLD."valid_until", OLD."version"); RETURN NULL;',
                            hash="40b191d046396ead4b12090354c0734dd9f5cad5",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_debaf",
                            table="clinic_qualification",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Room",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rooms",
                        to="clinic.location",
                    ),
                ),
                ("name", models.CharField(max_length=60)),
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
                        help_text="The modalities that can be performed here.",
                        size=None,
                    ),
                ),
                ("is_bookable", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["location", "position", "name"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        fields=("location", "name"),
                        name="room_name_unique",
                        violation_error_message="This location has a room of this name.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="3e7c2792f0c1b1019f763c4c3fa8ac09f3d7d680",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_80d9f",
                            table="clinic_room",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_roomevent" ("created_at", "id", "is_bookable", "location_id", "modalities", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."is_bookable", NEW."location_id", NEW."modalities", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="02838920bd30b0de61d7a2ed46afff92be52118f",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_d97f2",
                            table="clinic_room",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_roomevent" ("created_at", "id", "is_bookable", "location_id", "modalities", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "updated_at", "version") VALUES (NEW."created_at", NEW."id", NEW."is_bookable", NEW."location_id", NEW."modalities", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="4c996cb79173d6ed048ae78d25e7dbdc1186b75c",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_d666d",
                            table="clinic_room",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_roomevent" ("created_at", "id", "is_bookable", "location_id", "modalities", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "updated_at", "version") VALUES (OLD."created_at", OLD."id", OLD."is_bookable", OLD."location_id", OLD."modalities", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="7f618e31e13cc8c9870b9e4fdb994895fc558c49",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_37be6",
                            table="clinic_room",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TimeOff",
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
                    "practitioner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="time_off",
                        to="clinic.practitioner",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "verbose_name_plural": "time off",
                "ordering": ["starts_at"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))),
                        name="time_off_in_order",
                        violation_error_message="Time off ends after it starts.",
                    )
                ],
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="count_version",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="NEW.version := OLD.version + 1; RETURN NEW;",
                            hash="11b1ef9e523d0e593094b6e0965658e68a7ace97",
                            operation="UPDATE",
                            pgid="pgtrigger_count_version_fa090",
                            table="clinic_timeoff",
                            when="BEFORE",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="insert_insert",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_timeoffevent" ("created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "reason", "starts_at", "updated_at", "version") VALUES (NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."practitioner_id", NEW."reason", NEW."starts_at", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="ef2060579463a80c366836b0a8d695ba53ffa880",
                            operation="INSERT",
                            pgid="pgtrigger_insert_insert_dab0d",
                            table="clinic_timeoff",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="update_update",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                            func='INSERT INTO "clinic_timeoffevent" ("created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "reason", "starts_at", "updated_at", "version") VALUES (NEW."created_at", NEW."ends_at", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."practitioner_id", NEW."reason", NEW."starts_at", NEW."updated_at", NEW."version"); RETURN NULL;',
                            hash="e20bf1ebec69716f8800a0b8023b35f97b14bfe8",
                            operation="UPDATE",
                            pgid="pgtrigger_update_update_cff9b",
                            table="clinic_timeoff",
                            when="AFTER",
                        ),
                    ),
                    pgtrigger.compiler.Trigger(
                        name="delete_delete",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func='INSERT INTO "clinic_timeoffevent" ("created_at", "ends_at", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "practitioner_id", "reason", "starts_at", "updated_at", "version") VALUES (OLD."created_at", OLD."ends_at", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."practitioner_id", OLD."reason", OLD."starts_at", OLD."updated_at", OLD."version"); RETURN NULL;',
                            hash="813eb48a3ce75ae73fefeb3c3fd1f23742df07a1",
                            operation="DELETE",
                            pgid="pgtrigger_delete_delete_704cb",
                            table="clinic_timeoff",
                            when="AFTER",
                        ),
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ClosureEvent",
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
                        to="clinic.closure",
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
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="5fd5b2c305e1a1f74964afe38ef3778d996eb6de",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_4880b",
                            table="clinic_closureevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LocationEvent",
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
                        to="clinic.location",
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
                ("name", models.CharField(max_length=120)),
                (
                    "timezone",
                    models.CharField(
                        help_text="IANA name, e.g. Europe/Madrid.",
                        max_length=64,
                        validators=[clinic.places.models.validate_timezone],
                    ),
                ),
                ("street", models.CharField(blank=True, max_length=200)),
                ("city", models.CharField(blank=True, max_length=100)),
                ("postal_code", models.CharField(blank=True, max_length=20)),
                (
                    "country",
                    models.CharField(
                        blank=True, help_text="ISO 3166-1 alpha-2.", max_length=2
                    ),
                ),
                (
                    "phone",
                    models.CharField(
                        help_text="What patients call; it stands in every mail.",
                        max_length=32,
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        help_text="Replies to the clinic's mail reach this address.",
                        max_length=254,
                    ),
                ),
                ("language", models.CharField(default="en", max_length=8)),
                (
                    "slot_minutes",
                    models.PositiveSmallIntegerField(
                        default=15, help_text="Grid on which visits start."
                    ),
                ),
                (
                    "lead_minutes",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="How long before its start a visit can still be booked.",
                    ),
                ),
                (
                    "grace_seconds",
                    models.PositiveSmallIntegerField(
                        default=60,
                        help_text="How long notices wait, so that a slip can be undone before mail leaves. 0–180.",
                        validators=[django.core.validators.MaxValueValidator(180)],
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
                            hash="55a1a2bfc731c1ccc3f2ec4dc3cc00a56240841d",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_61918",
                            table="clinic_locationevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MembershipEvent",
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
                        to="clinic.membership",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                    "role",
                    models.CharField(
                        choices=[
                            ("practitioner", "Practitioner"),
                            ("assistant", "Assistant"),
                            ("front_desk", "Front desk"),
                            ("manager", "Manager"),
                        ],
                        max_length=20,
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
                            hash="282aa109f2c954233ef228a98b77dc0407d63b29",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_1b76a",
                            table="clinic_membershipevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OpeningHoursEvent",
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
                        to="clinic.openinghours",
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
                    "practitioner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Monday"),
                            (2, "Tuesday"),
                            (3, "Wednesday"),
                            (4, "Thursday"),
                            (5, "Friday"),
                            (6, "Saturday"),
                            (7, "Sunday"),
                        ],
                        help_text="ISO: Monday is 1, Sunday is 7.",
                    ),
                ),
                ("opens_at", models.TimeField()),
                ("closes_at", models.TimeField()),
                ("valid_from", models.DateField(blank=True, null=True)),
                (
                    "valid_until",
                    models.DateField(
                        blank=True,
                        help_text="Last day, included. Empty: without end.",
                        null=True,
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
                            hash="525cf27bc6037060318e586049aee4dfb3a358b9",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_cdc6f",
                            table="clinic_openinghoursevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PractitionerEvent",
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
                        to="clinic.practitioner",
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
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "title",
                    models.CharField(
                        blank=True,
                        help_text="As patients read it: Dr, Nurse …",
                        max_length=20,
                    ),
                ),
                ("is_bookable", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="184977a41a285c75d33cbded0b66e5dd064ecf54",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_9d94b",
                            table="clinic_practitionerevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="QualificationEvent",
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
                        to="clinic.qualification",
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
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_until", models.DateField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="b7194071faac3c78fdd721638bee2ef7186eb243",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_9a58f",
                            table="clinic_qualificationevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RoomEvent",
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
                        to="clinic.room",
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
                ("name", models.CharField(max_length=60)),
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
                        help_text="The modalities that can be performed here.",
                        size=None,
                    ),
                ),
                ("is_bookable", models.BooleanField(default=True)),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="c591dd6197e1f6bb36e2adc34a49fafc11ef8187",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_811e0",
                            table="clinic_roomevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TimeOffEvent",
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
                        to="clinic.timeoff",
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
                    "practitioner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="clinic.practitioner",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "abstract": False,
                "triggers": [
                    pgtrigger.compiler.Trigger(
                        name="append_only",
                        sql=pgtrigger.compiler.UpsertTriggerSql(
                            func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                            hash="a88e1f8d66655aefdcd681251a7133243abc607d",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_a1a54",
                            table="clinic_timeoffevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UserEvent",
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
                        to=settings.AUTH_USER_MODEL,
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
                    "email",
                    models.EmailField(
                        error_messages={"unique": "Somebody signs in with this email."},
                        max_length=254,
                    ),
                ),
                ("first_name", models.CharField(max_length=100)),
                ("last_name", models.CharField(max_length=100)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="For setting up a new installation; not for daily work.",
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
                            hash="a535f1d0fb5444a6a16797c1a08f0f380cadd8c5",
                            operation="UPDATE OR DELETE",
                            pgid="pgtrigger_append_only_0aa3e",
                            table="clinic_userevent",
                            when="BEFORE",
                        ),
                    )
                ],
            },
        ),
        clinic.audit.operations.InstallTriggers(),
    ]
