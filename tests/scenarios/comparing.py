"""What was stored beside what was to be typed: rows are compared by their order, references by the row they point to."""

from engine.datatypes.values import Reference


def without_ids(part, keys):
    """Values by group and position, references by the key of their row."""
    items = {
        name: keys.get(value.target, value.target) if isinstance(value, Reference) else value
        for name, value in part.items.items()
    }
    return items, {group: [without_ids(row, keys) for row in rows] for group, rows in part.groups.items() if rows}


def stored_keys(record):
    return {
        row.id: f"{row.items['lead_no']}."
        for place, form in record.forms.items()
        if place.form == "device"
        for row in form.data.groups.get("leads", ())
    }
