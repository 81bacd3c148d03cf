"""The kubelet: what happens to the containers of the pods of one node."""
