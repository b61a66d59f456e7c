from django.urls import path

from tidegate.desk.review import views

app_name = "review"
urlpatterns = [path("", views.queue, name="queue")]
