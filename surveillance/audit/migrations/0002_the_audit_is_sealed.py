"""Rows of the audit stay as they were written, and each day gets a seal.

Those that stand there already belong to the day of this migration: the chain begins with it.
"""

import django.contrib.postgres.indexes
import surveillance.audit.models
from django.db import migrations, models

# A superuser may still do it, with `SET session_replication_role = replica`.
GUARD = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only ever added to: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""
GUARD_OF_ONE = """
CREATE TRIGGER {table}_never_changes BEFORE UPDATE OR DELETE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
NO_GUARD_OF_ONE = """
DROP TRIGGER {table}_never_changes ON {table};
DROP TRIGGER {table}_never_emptied ON {table};
"""
TABLES = ("audit_event", "audit_look", "audit_seal")


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True)),
                ('events', models.PositiveBigIntegerField()),
                ('looks', models.PositiveBigIntegerField()),
                ('digest', models.CharField(help_text='SHA-256, of the seal before it too.', max_length=64)),
                ('sealed_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name='event',
            name='day',
            field=models.DateField(db_default=surveillance.audit.models.TodayInPostgres(), editable=False, help_text='Whose seal covers this row.'),
        ),
        migrations.AddField(
            model_name='look',
            name='day',
            field=models.DateField(db_default=surveillance.audit.models.TodayInPostgres(), editable=False, help_text='Whose seal covers this row.'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['day'], name='event_by_day'),
        ),
        migrations.AddIndex(
            model_name='look',
            index=django.contrib.postgres.indexes.BrinIndex(fields=['day'], name='look_by_day'),
        ),
        migrations.RunSQL(GUARD, "DROP FUNCTION audit_refuse();"),
        *(
            migrations.RunSQL(
                GUARD_OF_ONE.format(table=table), NO_GUARD_OF_ONE.format(table=table)
            )
            for table in TABLES
        ),
    ]
