from base64 import b64decode

#: A transparent GIF of one pixel, 43 bytes.
GIF = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
