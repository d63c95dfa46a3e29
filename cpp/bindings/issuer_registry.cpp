#include "bindings/issuer_registry.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/stl.h>

#include "bindings/bare_new.hpp"
#include "bindings/errors.hpp"
#include "bindings/remote_options.hpp"
#include "engine/issuer_registry.hpp"
#include "jose/policy.hpp"
#include "jose/token.hpp"
#include "net/http.hpp"

namespace authjwks::bindings {
namespace {

std::shared_ptr<IssuerRegistry> make_registry(const std::vector<std::string>& names,
                                              const std::optional<std::string>& pattern, const RemoteOptions& options) {
    http_library_version();  // whether there is one must not first turn out when a token comes
    std::optional<IssuerTemplate> checked;
    if (pattern) {
        checked.emplace(*pattern);
        static_cast<void>(open_source(checked->example(), std::nullopt, std::nullopt, options));
    }
    IssuerRegistry::Dependencies dependencies{
        .open =
            [options](const std::string& issuer) { return open_source(issuer, std::nullopt, std::nullopt, options); },
        .now = [] { return Clock::now(); },
        .random = system_random};
    return std::make_shared<IssuerRegistry>(names, std::move(checked), std::move(dependencies));
}

void admit(IssuerRegistry& registry, const std::string& issuer, std::shared_ptr<KeySource> source) {
    const auto admitted = registry.admit(issuer, std::move(source));
    if (admitted) return;
    set_error(admitted.error(), registry.retry_after(issuer));
    throw py::error_already_set();
}

/// What the token says before anything about it is believed.
std::string claimed_issuer(const IssuerRegistry&, std::string_view token) {
    AlgorithmSet all;
    for (const Algorithm& row : kAlgorithms) all.insert(row);
    const ScratchLease scratch;
    const auto compact = split_compact(token, kMaxTokenBytes);
    auto parsed = compact ? ParsedToken::parse(*compact, all, *scratch) : Result<ParsedToken>(compact.error());
    const auto issuer = parsed ? parsed->claimed_issuer() : Result<std::string_view>(parsed.error());
    if (issuer) return std::string(*issuer);
    set_error(issuer.error());
    throw py::error_already_set();
}

}  // namespace

void bind_issuer_registry(py::module_& module) {
    py::class_<IssuerRegistry, std::shared_ptr<IssuerRegistry>> type(
        module, "IssuerRegistry", "The issuers that one service trusts. Safe from many threads.", py::is_final());
    refuse_bare_new(type);
    type.def(py::init(&make_registry), py::arg("names"), py::arg("template"), py::arg("options"))
        .def("admit", &admit, py::arg("issuer"), py::arg("source").none(false), "Trust one more issuer.")
        .def("claimed_issuer", &claimed_issuer, py::arg("token"), "The issuer that an unproven token names.")
        .def("sources", &IssuerRegistry::sources, "The sources of keys in use now.")
        .def("close", &IssuerRegistry::close, "End all fetching for good.");
}

}  // namespace authjwks::bindings
