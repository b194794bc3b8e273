"""The addresses that other systems call. Include them where conf.CALLBACK_PATH says."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orchestration import callbacks, conf, engine
from orchestration.errors import Conflict
from orchestration.models import StepInstance

app_name = "orchestration"


@csrf_exempt  # the signature in the address is the permission; there is no session to abuse
@require_POST
def callback(request: HttpRequest, signed: str) -> HttpResponse:
    """Take a call from outside: a JSON body, or none. Calling twice is answered alike, and changes nothing (R4.4)."""
    found = callbacks.read(signed)
    step = StepInstance.objects.select_related("instance").filter(pk=found[0]).first() if found else None
    if found is None or step is None:
        return JsonResponse({"detail": "There is no such address."}, status=404)
    if len(request.body) > conf.CALLBACK_BYTES:
        return JsonResponse({"detail": f"The body is larger than {conf.CALLBACK_BYTES} bytes."}, status=413)
    try:
        payload = json.loads(request.body) if request.body else {}
    except (ValueError, RecursionError):
        return JsonResponse({"detail": "The body is not JSON."}, status=400)
    try:
        engine.call_back(step, found[1], payload)
    except Conflict as conflict:
        return JsonResponse({"detail": str(conflict)}, status=409)
    return JsonResponse({"detail": "Thank you."})


urlpatterns = [path("<str:signed>/", callback, name="callback")]
