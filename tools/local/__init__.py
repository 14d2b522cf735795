"""Starting Faultline's parts as processes of this machine: shared by the demo and the tests."""
