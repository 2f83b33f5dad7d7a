"""Pictures over time: from plain facts to shapes with places, which a template writes as SVG.

Nothing here knows Django, a clock or a colour: what a shape looks like is said in the stylesheet.
"""
