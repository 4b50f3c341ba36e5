from django.db import models


class Click(models.Model):
    #: A task that runs twice has the same id.
    hit_id = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()
    kind = models.CharField(max_length=8)
    url = models.CharField(max_length=2048)
    reader = models.IntegerField()
