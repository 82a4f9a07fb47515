"""The thin Litestar layer: a handler validates its input, calls one SQL function and passes its bytes on."""
