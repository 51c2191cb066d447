"""The files of this folder bring stories of their own and count nothing else: one stack does for all."""

from tests.browser.stack import of_folder

stack = of_folder()
