from django.urls import path

from tidegate.desk.evidence.steps import answer_views, letter_views, views

app_name = "steps"
urlpatterns = [
    path("", views.page, name="page"),
    path("determine/", views.determine_now, name="determine"),
    path("propose/", views.propose, name="propose"),
    path("letter/", letter_views.write, name="write"),
    path("answered/", answer_views.answered, name="answered"),
    path("answers/<int:answer>/review/", answer_views.review, name="review"),
    path("<int:step>/", views.step, name="step"),
    path("<int:step>/approve/", views.approve, name="approve"),
    path("<int:step>/refuse/", views.refuse, name="refuse"),
    path("<int:step>/counsel/", views.counsel, name="counsel"),
    path("<int:step>/withdraw/", views.withdraw, name="withdraw"),
    path("<int:step>/filed/", views.filed, name="filed"),
    path("<int:step>/carry-out/", views.carry_out, name="carry-out"),
    path("<int:step>/text/", letter_views.text, name="text"),
    path("<int:step>/pdf/", letter_views.pdf, name="pdf"),
    path("<int:step>/print/", letter_views.make_pdf, name="print"),
    path("<int:step>/served/", letter_views.service, name="served"),
]
