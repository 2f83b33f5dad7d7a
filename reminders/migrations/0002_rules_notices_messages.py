"""Rules, notices and a new outbox in place of one reminder or alert a slot.

What had been said under the old tables goes with them: the first sweep afterwards says anew what
is still true.
"""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("reminders", "0001_initial"),
        ('patients', '0002_hours_consent_and_the_responsible'),
        ('schedules', '0002_protocols_never_change'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(migrations.DeleteModel(name) for name in ("Message", "Reminder", "Alert", "Sweep")),
        migrations.CreateModel(
            name='Reconciliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField()),
                ('slots', models.PositiveIntegerField(help_text='Slots still to be done that were looked at.')),
                ('expected', models.PositiveIntegerField(help_text='Things that should have been said by now.')),
                ('differences', models.PositiveIntegerField()),
            ],
            options={
                'get_latest_by': 'started_at',
            },
        ),
        migrations.CreateModel(
            name='Hold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('at', models.DateTimeField()),
                ('lines', models.PositiveIntegerField(help_text='What would have been told.')),
                ('usual', models.PositiveIntegerField(help_text='The most that one day may tell unasked.')),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('released', models.BooleanField(default=False)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='holds', to='patients.clinic')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('sms', 'Text message')], max_length=5)),
                ('recipient', models.CharField(max_length=254)),
                ('any_hour', models.BooleanField(default=False)),
                ('subject', models.CharField(blank=True, help_text='As it was last sent.', max_length=200)),
                ('body', models.TextField(blank=True)),
                ('state', models.CharField(choices=[('held', 'Held until an administrator decides'), ('queued', 'Queued'), ('sending', 'Being sent'), ('sent', 'Sent'), ('withdrawn', 'Withdrawn: no longer true'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('queued_at', models.DateTimeField()),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField()),
                ('claimed_at', models.DateTimeField(blank=True, null=True)),
                ('claimed_by', models.CharField(blank=True, help_text='The database session of whoever is sending it.', max_length=60)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, max_length=300)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='patients.clinic')),
                ('hold', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='reminders.hold')),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('round', models.PositiveSmallIntegerField(default=0, help_text='How often it was said before.')),
                ('since', models.DateTimeField(help_text='When the first rule of this kind spoke: escalation counts from then.')),
                ('raised_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('end_reason', models.CharField(blank=True, default='', max_length=100)),
                ('acknowledged_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('booking', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='schedules.booking')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='patients.patient')),
                ('result', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='schedules.result')),
                ('slot', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='schedules.slot')),
            ],
        ),
        migrations.CreateModel(
            name='Line',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'E-mail'), ('sms', 'Text message')], max_length=5)),
                ('recipient', models.CharField(max_length=254)),
                ('to_patient', models.BooleanField(default=False)),
                ('any_hour', models.BooleanField(default=False)),
                ('deliver_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.clinic')),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='reminders.message')),
                ('notice', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='reminders.notice')),
            ],
        ),
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('to_book', 'Exam to be booked'), ('appointment', 'Appointment ahead'), ('no_show', 'Did not attend'), ('overdue', 'Exam overdue'), ('result', 'Result not reviewed')], max_length=12)),
                ('relative_to', models.CharField(choices=[('opens', 'the window opens'), ('due', 'the due date'), ('latest', 'the last day on time'), ('appointment', 'the appointment'), ('result', 'the result was recorded')], max_length=12)),
                ('days', models.SmallIntegerField(help_text='After that date; before it where negative.')),
                ('repeat_days', models.PositiveSmallIntegerField(blank=True, help_text='Say it again every so many days while it stays true.', null=True)),
                ('audience', models.CharField(choices=[('nurses', 'The nurses'), ('responsible', 'The responsible clinician'), ('lead', "The clinic's lead"), ('clinic', 'The whole clinic'), ('patient', 'The patient, who agreed to it')], max_length=12)),
                ('by_mail', models.BooleanField(default=True, help_text='Otherwise it stands in the inbox alone. Patients choose for themselves.')),
                ('digest', models.BooleanField(default=True, help_text='In one message each working morning; otherwise at once.')),
                ('any_hour', models.BooleanField(default=False, help_text='Even while the clinic is closed: at night and on holidays.')),
                ('active', models.BooleanField(default=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rules', to='patients.clinic')),
            ],
        ),
        migrations.AddField(
            model_name='notice',
            name='rule',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='reminders.rule'),
        ),
        migrations.CreateModel(
            name='Sweep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(help_text='The moment that it swept for.')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField()),
                ('looked_at', models.PositiveIntegerField(help_text='Patients of whom something changed, or for whom a day came that matters.')),
                ('raised', models.PositiveIntegerField(help_text='Notices.')),
                ('ended', models.PositiveIntegerField(help_text='Notices that are no longer true.')),
                ('sent', models.PositiveIntegerField(help_text='Messages, as are the next three.')),
                ('withdrawn', models.PositiveIntegerField()),
                ('retrying', models.PositiveIntegerField()),
                ('failed', models.PositiveIntegerField()),
                ('held', models.PositiveIntegerField(help_text='Messages that wait for an administrator.')),
            ],
            options={
                'get_latest_by': 'started_at',
                'indexes': [models.Index(fields=['-started_at'], name='sweeps_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Watch',
            fields=[
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='watch', serialize=False, to='patients.patient')),
                ('look_at', models.DateTimeField(help_text='Never, where nothing can come.', null=True)),
            ],
            options={
                'verbose_name_plural': 'watches',
                'indexes': [models.Index(condition=models.Q(('look_at__isnull', False)), fields=['look_at'], name='patients_to_look_at')],
            },
        ),
        migrations.CreateModel(
            name='Alarm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('kind', models.CharField(choices=[('silence', 'The sweep has not run'), ('difference', 'Something that should have been said was not'), ('held', 'A burst of messages is held')], max_length=10)),
                ('detail', models.TextField()),
                ('raised_at', models.DateTimeField()),
                ('told_at', models.DateTimeField(blank=True, null=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('clinic', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.clinic')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('kind', 'clinic'), name='one_open_alarm_of_a_kind', nulls_distinct=False)],
            },
        ),
        migrations.AddConstraint(
            model_name='hold',
            constraint=models.CheckConstraint(condition=models.Q(('decided_at__isnull', True), ('decided_by__isnull', False), _connector='XOR'), name='hold_is_decided_by_somebody_at_a_time'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state__in', ['queued', 'sending'])), fields=['next_try_at', 'id'], name='messages_to_deliver'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('state__in', ['held', 'failed'])), fields=['clinic', '-next_try_at'], name='messages_in_trouble'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['clinic', '-queued_at', '-id'], name='messages_of_a_clinic'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'held'), _negated=True), ('hold__isnull', False), _connector='OR'), name='held_by_a_hold'),
        ),
        migrations.AddIndex(
            model_name='line',
            index=models.Index(condition=models.Q(('message__isnull', True), ('withdrawn_at__isnull', True)), fields=['deliver_at', 'id'], name='lines_to_gather'),
        ),
        migrations.AddConstraint(
            model_name='line',
            constraint=models.UniqueConstraint(fields=('notice', 'channel', 'recipient'), name='told_once_to_a_recipient'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=models.UniqueConstraint(fields=('clinic', 'kind', 'relative_to', 'days', 'audience'), name='one_rule_for_each_thing_said'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'to_book'), ('relative_to__in', ['opens', 'due', 'latest'])), models.Q(('kind', 'overdue'), ('relative_to', 'latest')), models.Q(('kind__in', ['appointment', 'no_show']), ('relative_to', 'appointment')), models.Q(('kind', 'result'), ('relative_to', 'result')), _connector='OR'), name='rule_counts_from_a_date_of_its_kind'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('audience', 'patient'), _negated=True), ('kind__in', ['to_book', 'appointment']), _connector='OR'), name='patients_hear_of_appointments_alone'),
        ),
        migrations.AddConstraint(
            model_name='rule',
            constraint=models.CheckConstraint(condition=models.Q(('repeat_days__isnull', True), ('repeat_days__gt', 0), _connector='OR'), name='rule_repeats_after_a_day_at_least'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['patient'], name='open_notices'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('slot', 'rule', 'round'), name='one_open_notice_per_slot'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('booking', 'rule', 'round'), name='one_open_notice_per_booking'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('result', 'rule', 'round'), name='one_open_notice_per_result'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('booking__isnull', True), ('result__isnull', True), ('slot__isnull', False)), models.Q(('booking__isnull', False), ('result__isnull', True), ('slot__isnull', True)), models.Q(('booking__isnull', True), ('result__isnull', False), ('slot__isnull', True)), _connector='OR'), name='notice_is_of_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('end_reason', ''), ('ended_at__isnull', True)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='notice_ends_for_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('acknowledged_by__isnull', True), ('ended_at__isnull', False), _connector='OR'), name='acknowledged_notices_have_ended'),
        ),
    ]
