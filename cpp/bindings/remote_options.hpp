// Options for fetching keys, shared by any number of issuers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include "keys/discovery.hpp"
#include "keys/key_source.hpp"
#include "net/fetch.hpp"

namespace authjwks::bindings {

struct RemoteOptions {
    KeyOptions keys;
    Fetch fetch;
    bool allow_http;
    bool fetches_in_python;
    std::vector<std::string> credential_hosts{};
};

/// A number in [0, 1) from the system: a generator of our own would repeat its sequence in forked processes.
double system_random();

/// A new source, which has not fetched yet. For the arguments see KeyLocation.
std::shared_ptr<KeySource> open_source(std::optional<std::string> issuer, std::optional<std::string> discovery_url,
                                       std::optional<std::string> jwks_uri, const RemoteOptions& options);

/// As open_source(). What RemoteOptions has as well is taken from there.
std::shared_ptr<KeySource> open_location(LocationOptions where, const RemoteOptions& options);

void bind_remote_options(pybind11::module_& module);

}  // namespace authjwks::bindings
