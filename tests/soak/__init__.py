"""A demo that plays its story for hours: does anything of it grow?"""
