#include "bindings/issuer_registry.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/bare_new.hpp"
#include "bindings/python_decide.hpp"
#include "bindings/remote_options.hpp"
#include "engine/issuer_registry.hpp"
#include "net/http.hpp"

namespace authjwks::bindings {
namespace {

std::shared_ptr<IssuerRegistry> make_registry(const std::vector<std::string>& names,
                                              const std::vector<std::string>& templates,
                                              const std::optional<py::function>& decide, const RemoteOptions& options) {
    http_library_version();  // throws where there is no libcurl, before the first token would
    std::vector<IssuerTemplate> checked(templates.begin(), templates.end());
    for (const IssuerTemplate& pattern : checked)
        static_cast<void>(open_source(pattern.example(), std::nullopt, std::nullopt, options));
    IssuerRegistry::Dependencies dependencies{
        .open =
            [options](const std::string& issuer, std::optional<std::string> jwks_uri,
                      std::vector<std::string> spellings) {
                return open_location({.issuer = issuer,
                                      .discovery_url = std::nullopt,
                                      .jwks_uri = std::move(jwks_uri),
                                      .spellings = std::move(spellings)},
                                     options);
            },
        .now = [] { return Clock::now(); },
        .random = system_random};
    if (decide) dependencies.decide = make_python_decide(*decide);
    return std::make_shared<IssuerRegistry>(names, std::move(checked), std::move(dependencies));
}

}  // namespace

void bind_issuer_registry(py::module_& module) {
    py::class_<IssuerRegistry, std::shared_ptr<IssuerRegistry>> type(
        module, "IssuerRegistry", "The issuers that one service trusts. Thread-safe.", py::is_final());
    refuse_bare_new(type);
    type.def(py::init(&make_registry), py::arg("names"), py::arg("templates"), py::arg("decide"), py::arg("options"))
        .def("sources", &IssuerRegistry::sources, "The sources of keys in use now.")
        .def("close", &IssuerRegistry::close, "End all fetching for good.");
}

}  // namespace authjwks::bindings
