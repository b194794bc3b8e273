"""What the pages that build flows are made of: form fields for expressions, forms for each kind of part, and the views."""
