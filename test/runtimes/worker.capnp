using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "corpus", worker = (modules = [(name = "worker", esModule = embed "worker.mjs")], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "corpus")]
);
