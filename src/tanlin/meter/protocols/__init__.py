"""What meters, chargers and utilities send, read without network, clock or framework.

Frames of meters (DL/T 645, CJ/T 188), register maps of Modbus devices, and files of charger platforms
(T/CEC 102) and utilities (Green Button). Bytes and text in, values and typed errors out. The adapters of
the room carry the bytes. Each module says which facts of its standard were checked against what.
"""
