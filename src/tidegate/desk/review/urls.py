from django.urls import path

from tidegate.desk.review import views

app_name = "review"
urlpatterns = [
    path("", views.queue, name="queue"),
    path("next/", views.next_case, name="next"),
    path("rulings/<int:number>/undo/", views.undo, name="undo"),
    path("<int:number>/", views.case, name="case"),
    path("<int:number>/take/", views.take, name="take"),
    path("<int:number>/release/", views.release, name="release"),
    path("<int:number>/ruling/", views.ruling, name="ruling"),
]
