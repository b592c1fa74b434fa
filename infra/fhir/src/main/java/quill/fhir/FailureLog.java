package quill.fhir;

import ca.uhn.fhir.interceptor.api.Hook;
import ca.uhn.fhir.interceptor.api.Interceptor;
import ca.uhn.fhir.interceptor.api.Pointcut;
import ca.uhn.fhir.rest.api.server.RequestDetails;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs answers of 500 and above by place and cause, never by message: HAPI's messages quote the
 * values of a request. Its own log of failures is switched off in application.yaml.
 */
@Interceptor
public class FailureLog {

    private static final Logger LOG = LoggerFactory.getLogger(FailureLog.class);

    @Hook(Pointcut.SERVER_HANDLE_EXCEPTION)
    public void logFailure(RequestDetails request, BaseServerResponseException failure) {
        if (failure.getStatusCode() >= 500) {
            String causes = Stream.<Throwable>iterate(failure, Objects::nonNull, Throwable::getCause)
                    .map(FailureLog::describe)
                    .collect(Collectors.joining(", caused by "));
            LOG.error("{} answered {}: {}", request.getRestOperationType(), failure.getStatusCode(), causes);
        }
    }

    private static String describe(Throwable cause) {
        StackTraceElement[] trace = cause.getStackTrace();
        return cause.getClass().getName() + (trace.length > 0 ? " at " + trace[0] : "");
    }
}
