// authjwks._core: the only interface between Python and the core.
#include <stdexcept>
#include <string>

#include <pybind11/pybind11.h>

#include "base/json.hpp"
#include "bindings/convert.hpp"
#include "bindings/errors.hpp"
#include "bindings/failures.hpp"
#include "bindings/free_threading.hpp"
#include "bindings/issuer_registry.hpp"
#include "bindings/key_source.hpp"
#include "bindings/remote_options.hpp"
#include "bindings/testing.hpp"
#include "bindings/verifier.hpp"
#include "crypto/version.hpp"
#include "jose/algorithm.hpp"
#include "keys/scheduler.hpp"
#include "net/http.hpp"

namespace authjwks::bindings {
namespace {

py::tuple algorithm_names() {
    py::tuple names(kAlgorithms.size());
    for (std::size_t row = 0; row < kAlgorithms.size(); ++row) names[row] = text(kAlgorithms[row].name);
    return names;
}

std::string http_library() {
    try {
        return http_library_version();
    } catch (const std::invalid_argument& none) {
        return none.what();
    }
}

std::string names_of_algorithms() {
    std::string names;
    for (const Algorithm& row : kAlgorithms) names.append(names.empty() ? "" : " ").append(row.name);
    return names;
}

py::dict versions() {
    py::dict words;
    words["authjwks"] = AUTHJWKS_VERSION;
    words["crypto"] = crypto::library_version();
    words["libcurl"] = http_library();
    words["simdjson"] = json::library_version();
    words["algorithms"] = names_of_algorithms();
    return words;
}

/// The threads that fetch keys are pure C++, so they can be joined with the GIL held.
void stop_threads_at_exit() {
    py::module_::import("atexit").attr("register")(py::cpp_function([] { Scheduler::of_this_process().stop(); }));
}

}  // namespace
}  // namespace authjwks::bindings

PYBIND11_MODULE(main_interpreters_core, module, pybind11::mod_gil_not_used(),
                pybind11::multiple_interpreters::not_supported()) {
    using namespace authjwks::bindings;
    module.doc() = "The native core of authjwks. Private; use authjwks.Verifier.";
    module.attr("__version__") = AUTHJWKS_VERSION;
    module.attr("ALGORITHMS") = algorithm_names();
    intern_claim_names();
    bind_errors(module);
    bind_failures(module);
    bind_remote_options(module);
    bind_key_source(module);
    bind_issuer_registry(module);
    bind_verifier(module);
    bind_testing(module);
    module.def(
        "defer_references", [](py::handle object) { defer_references(object.ptr()); }, py::arg("object"),
        "Lets threads use an object without contending for its count of references.");
    module.def("versions", &versions, "What this build is made of.");
    stop_threads_at_exit();
    py::list names;
    for (const char* name : {"ALGORITHMS", "ERRORS", "FETCH_FAULTS", "IssuerRegistry", "KeySource", "Pending",
                             "RemoteOptions", "Verifier", "__version__", "check_ca_file", "check_client_certificate",
                             "defer_references", "register_errors", "testing", "versions"})
        names.append(name);
    module.attr("__all__") = names;
}

/// Interpreters of one process would share strings and exception classes that belong to one of them. Checked before
/// pybind11 does anything: it would wait for the GIL of the main interpreter, which before 3.12 is held already.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp,readability-identifier-naming): Python's name
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) return PyInit_main_interpreters_core();
    PyErr_SetString(PyExc_ImportError, "authjwks works in the main interpreter only, not in a sub-interpreter");
    return nullptr;
}
