from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0002_user_language"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="signed_out_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
