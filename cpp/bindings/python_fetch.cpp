#include "bindings/python_fetch.hpp"

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

#include <pybind11/stl.h>

#include "bindings/python_call.hpp"
#include "net/http_headers.hpp"

namespace authjwks::bindings {
namespace {

namespace py = pybind11;

/// Without the validators of the document at hand: many client libraries treat a 304 response as an error.
py::dict headers_for(const HttpRequest& request) {
    py::dict headers;
    headers["Accept"] = "application/json";
    if (request.no_cache) headers["Cache-Control"] = "no-cache";
    return headers;
}

Result<HttpResponse, FetchFailure> read_response(const py::tuple& response) {
    HttpHeaders headers;
    for (const auto& [name, value] : py::dict(response[1]))
        if (!headers.take(py::cast<std::string>(name) + ": " + py::cast<std::string>(value)))
            return FetchFault::too_large;
    const py::bytes body(response[2]);
    if (std::cmp_greater(PyBytes_GET_SIZE(body.ptr()), kMaxBodyBytes)) return FetchFault::too_large;
    return HttpResponse{py::cast<long>(response[0]), std::string(body), headers.lifetime(), headers.version(),
                        headers.retry_after()};
}

/// Called with the GIL held, and throws nothing, as the caller has to release it. Only the call itself runs Python
/// code: the response is of plain types.
Result<HttpResponse, FetchFailure> call_fetch(PyObject* function, const HttpRequest& request, double seconds_left) {
    try {
        const auto response =
            call_python(function, py::str(request.url), headers_for(request), py::float_(seconds_left));
        if (!response) throw py::error_already_set();
        return read_response(response);
    } catch (py::error_already_set& error) {
        if (error.matches(PyExc_KeyboardInterrupt)) PyErr_SetInterrupt();
        return FetchFailure{FetchFault::fetch_raised, reinterpret_cast<PyTypeObject*>(error.type().ptr())->tp_name};
    } catch (const std::exception&) {
        return FetchFailure{FetchFault::fetch_raised, "a response of another form"};  // or no memory
    }
}

}  // namespace

Fetch make_python_fetch(const py::function& fetch) {
    return [function = share(fetch)](const HttpRequest& request) -> Result<HttpResponse, FetchFailure> {
        if (request.method != "GET") return FetchFault::unreachable;
        const std::chrono::duration<double> left = request.deadline - Clock::now();
        if (left.count() <= 0) return FetchFault::timed_out;
        const PyGILState_STATE held = or_never(PyGILState_Ensure);
        auto response = call_fetch(function.get(), request, left.count());
        PyGILState_Release(held);
        return response;
    };
}

}  // namespace authjwks::bindings
