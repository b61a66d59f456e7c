from django.urls import path

from tidegate.desk.now import views

app_name = "now"
urlpatterns = [path("", views.page, name="page")]
