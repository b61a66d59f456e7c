from django.urls import path

from tidegate.desk.evidence.subjects import views

app_name = "subjects"
urlpatterns = [
    path("", views.page, name="page"),
]
