from django.urls import path

from tidegate.desk.evidence.reading import views

app_name = "reading"
urlpatterns = [
    path("claims/", views.claims, name="claims"),
    path("identifiers/", views.identifiers, name="identifiers"),
]
