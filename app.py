"""The web process, started by `streamlit run app.py` or what stands for it.

A server imports this file for `app`, the pages behind their door. Streamlit then runs it as a script for each visit;
nothing but that draws, so that the server itself starts without what pages need.
"""

from streamlit.starlette import App

if __name__ == "__main__":
    from workbench.ui import navigation

    navigation.draw()
else:
    from workbench.ui import late_requests, server, theme_options, unsent_messages

    server.enter_through_app()
    late_requests.drop()
    unsent_messages.keep()
    theme_options.read_once()
    app = App(
        __file__,
        middleware=[server.middleware(), server.assets()],
        routes=[server.media_route(), server.incoming_route(), server.outgoing_route()],
        lifespan=server.print_address,
        on_script_error=server.show_fault,
    )
