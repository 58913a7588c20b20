"""The job for people with a browser: the live page, and the report as one HTML file.

`view.py` says what there is to see, `charts.py` where the parts of a chart are, `metrics.py` the same as numbers for
Prometheus; all three are pure. `render.py` is the door to jinja2: it puts views into `templates/`. Page and report
share one stylesheet.
"""
