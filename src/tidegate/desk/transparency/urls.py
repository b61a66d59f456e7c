from django.urls import path

from tidegate.desk.transparency import views

app_name = "transparency"
urlpatterns = [path("", views.report, name="report")]
