"""Cost alerts: budgets (actual, forecasted), credit, department quota. All their amounts are texts."""

from __future__ import annotations

from vibedata.alerts import quantities
from vibedata.alerts.criteria import is_resource_id, short, text_of
from vibedata.alerts.fields import Fields
from vibedata.alerts.model import MAX_ID_CHARS, Findings, Metric, ResourceId

_AMOUNTS = ("SpentAmount", "SpendingAmount", "CurrentSpend", "Amount", "UsedAmount", "ConsumedAmount")
_LIMITS = (
    *("NotificationThresholdAmount", "BudgetThreshold", "Budget", "BudgetAmount"),
    *("ThresholdAmount", "QuotaAmount", "CreditAmount"),
)
_UNUSED = (
    *("EnrollmentNumber", "DepartmentName", "AccountName", "BillingAccountId", "BillingProfileId"),
    *("InvoiceSectionId", "SubscriptionName", "SubscriptionId", "ResourceGroup"),
    *("BudgetType", "BudgetStartDate", "BudgetCreator"),
)


def read_budget(context: Fields) -> Findings:
    """Read a cost alert: budget (actual, forecasted), credit, department quota. All its amounts are texts."""
    data = context.object("AlertData") if context.has("AlertData") else context
    category, kind = context.text("AlertCategory"), data.text("ThresholdType")
    name = data.text("BudgetName", "CreditName", "DepartmentName", "Name")
    spent, forecast = _money(data, *_AMOUNTS), data.text("ForecastedTotalForPeriod", "ForecastedAmount")
    told = forecast if forecast and "forecast" in kind.lower() else spent
    limit, whole = _money(data, *_LIMITS), data.text("BudgetThreshold", "Budget", "BudgetAmount")
    share = _share(limit, whole)
    limit_told = limit if share is None else f"{text_of(share)} ({limit} of {whole})"
    scope, budget = data.text("Scope", limit=MAX_ID_CHARS), data.text("BudgetId", limit=MAX_ID_CHARS)
    metric = Metric(
        name=name or category or "cost",
        operator="GreaterThan",
        threshold=quantities.money(limit),
        value=quantities.money(told),
        unit=data.text("Unit", "Currency"),
        received=told,
    )
    details = {
        "category": category,
        "thresholdType": kind,
        "scope": scope,
        "budgetId": budget,
        "budget": whole,
        "spent": spent,
        "forecast": forecast,
    }
    data.ignore(*_UNUSED)
    for part in (data, context):
        part.rest()
    return Findings(
        metrics=(metric,),
        series={"budget": (budget or name).lower(), "thresholdType": kind.lower(), "threshold": limit},
        resources=(ResourceId(scope, "the budget's scope"),) if is_resource_id(scope) else (),
        details=details,
        headline=f"{f'{kind.lower()} ' if kind else ''}cost {told} "
        f"of {limit_told or 'a limit not given'} {metric.unit}".rstrip()
        if told
        else "",  # the description tells it
        about=short(scope) if "/resourcegroups/" in scope.lower() else "",
        condition="Fired",  # monitorCondition was null in this schema for years; a cost alert never resolves
        rule=name,
    )


def _share(limit: str, whole: str) -> float | None:
    """Return the limit of a budget that gives it as a part of itself: `0.8` of `50` is 40, as the legacy schema may."""
    part, budget = quantities.number(limit), quantities.number(whole)
    if part is None or budget is None or not 0 < part <= 1 < budget:
        return None
    return float(f"{part * budget:.12g}")


def _money(data: Fields, *names: str) -> str:
    told = data.text(*names)
    data.ignore(*names)
    return told
