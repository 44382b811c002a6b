"""What `lab doctor` looks at, by subject. Its modules import the standard library only at their top: see doctor.py."""
