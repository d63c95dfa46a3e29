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

/// Gives the function back under the GIL: the last owner may be a thread that has released it.
void give_back(PyObject* function) {
    const py::gil_scoped_acquire held;
    Py_DECREF(function);
}

/// Without the validators of what is at hand: many a client library takes the 304 they may bring for an error.
py::dict headers_for(const HttpRequest& request) {
    py::dict headers;
    headers["Accept"] = "application/json";
    if (request.no_cache) headers["Cache-Control"] = "no-cache";
    return headers;
}

Result<HttpResponse, FetchFault> read_answer(const py::tuple& answer) {
    HttpHeaders headers;
    for (const auto& [name, value] : py::dict(answer[1]))
        if (!headers.take(py::cast<std::string>(name) + ": " + py::cast<std::string>(value)))
            return FetchFault::too_large;
    const py::bytes body(answer[2]);
    if (std::cmp_greater(PyBytes_GET_SIZE(body.ptr()), kMaxBodyBytes)) return FetchFault::too_large;
    return HttpResponse{py::cast<long>(answer[0]), std::string(body), headers.lifetime(), headers.version()};
}

/// With the GIL, which its caller gives back: it throws nothing. Only the call itself runs Python code: the answer is
/// of plain types by then.
Result<HttpResponse, FetchFault> ask(PyObject* function, const HttpRequest& request, double seconds_left) {
    try {
        const auto answer = call_python(function, py::make_tuple(request.url, headers_for(request), seconds_left));
        if (!answer) throw py::error_already_set();
        return read_answer(answer);
    } catch (py::error_already_set& error) {
        if (error.matches(PyExc_KeyboardInterrupt)) PyErr_SetInterrupt();
    } catch (const std::exception&) {
        return FetchFault::unreachable;  // no memory, or an answer that is not of the form that was asked for
    }
    return FetchFault::unreachable;
}

}  // namespace

Fetch make_python_fetch(const py::function& fetch) {
    const std::shared_ptr<PyObject> function(fetch.inc_ref().ptr(), give_back);
    return [function](const HttpRequest& request) -> Result<HttpResponse, FetchFault> {
        const std::chrono::duration<double> left = request.deadline - Clock::now();
        if (left.count() <= 0) return FetchFault::timed_out;
        const PyGILState_STATE held = or_never(PyGILState_Ensure);
        auto response = ask(function.get(), request, left.count());
        PyGILState_Release(held);
        return response;
    };
}

}  // namespace authjwks::bindings
