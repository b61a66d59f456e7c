from django.urls import path

from tidegate.desk.evidence.steps import views

app_name = "steps"
urlpatterns = [
    path("", views.page, name="page"),
]
