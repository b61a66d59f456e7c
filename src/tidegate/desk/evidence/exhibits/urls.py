from django.urls import path

from tidegate.desk.evidence.exhibits import views

app_name = "exhibits"
urlpatterns = [
    path("", views.list, name="list"),
]
