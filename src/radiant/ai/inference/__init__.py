"""The one door to a model call: resolve, admit, run, fall back, meter, cancel."""
