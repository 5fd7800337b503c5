"""Coefficients that merging begins with. Who wrote them is said in the module that reads them."""
