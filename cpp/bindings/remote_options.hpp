// How issuers are asked, as Python states it once for any number of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

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

/// A number in [0, 1), from the system each time: an engine of ours would go on alike in all forked processes.
double system_random();

/// A source that has not been asked yet; see KeyLocation for what may be given.
std::shared_ptr<KeySource> open_source(std::optional<std::string> issuer, std::optional<std::string> discovery_url,
                                       std::optional<std::string> jwks_uri, const RemoteOptions& options);

void bind_remote_options(pybind11::module_& module);

}  // namespace authjwks::bindings
