"""Accepted copies of scans that are refused for their form: pictures and large PDFs become PDFs that are taken.

converter   the parent's half: gives a file's bytes to a child and takes the PDF
answer      the child: what is tried in which order, and the thumbnail
pictures    the door to Pillow: pages of picture files, JPEGs of pages
rendering   pages of PDFs as pictures, by pdfium
pages       writes a PDF of pictures, byte for byte alike each time
"""
