from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Click",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hit_id", models.CharField(max_length=32, unique=True)),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=8)),
                ("url", models.CharField(max_length=2048)),
                ("reader", models.IntegerField()),
            ],
        ),
    ]
