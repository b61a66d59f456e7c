from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "tidegate.desk.campaigns"
    label = "campaigns"
