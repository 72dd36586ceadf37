"""Cost alerts: budgets (actual, forecasted), credit, department quota. All their amounts are texts."""

from __future__ import annotations

from vibedata.alerts import quantities
from vibedata.alerts.criteria import is_resource_id
from vibedata.alerts.fields import Fields
from vibedata.alerts.model import MAX_ID_CHARS, Findings, Metric, ResourceId

_AMOUNTS = ("SpentAmount", "SpendingAmount", "CurrentSpend", "Amount", "UsedAmount", "ConsumedAmount")
_LIMITS = (
    *("NotificationThresholdAmount", "BudgetThreshold", "Budget"),
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
    limit = _money(data, *_LIMITS)
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
        "budget": data.text("BudgetThreshold", "Budget"),
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
        headline=f"{f'{kind.lower()} ' if kind else ''}cost {told or 'not given'} "
        f"of {limit or 'a limit not given'} {metric.unit}".rstrip(),
        condition="Fired",  # monitorCondition was null in this schema for years; a cost alert never resolves
        rule=name,
    )


def _money(data: Fields, *names: str) -> str:
    told = data.text(*names)
    data.ignore(*names)
    return told
