from django.urls import path, register_converter

from tidegate.desk.notice import answers, views
from tidegate.desk.notice.converters import DayConverter, DocumentConverter

register_converter(DocumentConverter, "document")
register_converter(DayConverter, "day")

app_name = "notice"
urlpatterns = [
    path("", views.start, name="start"),
    path("<document:document>/", views.start, name="document"),
    path("<document:document>/<slug:language>/", views.text, name="text"),
    path("<document:document>/<slug:language>/versions/", views.versions, name="versions"),
    path("<document:document>/<slug:language>/<day:valid_from>/", views.version, name="version"),
    path("<document:document>/<slug:language>/<day:valid_from>/answer/", views.answer, name="answer"),
    path("desk/notice/", answers.answers, name="answers"),
]
