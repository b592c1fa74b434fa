package quill.fhir;

import ca.uhn.fhir.jpa.api.dao.IFhirResourceDao;
import ca.uhn.fhir.jpa.searchparam.SearchParameterMap;
import ca.uhn.fhir.rest.annotation.Count;
import ca.uhn.fhir.rest.annotation.Delete;
import ca.uhn.fhir.rest.annotation.History;
import ca.uhn.fhir.rest.annotation.IdParam;
import ca.uhn.fhir.rest.annotation.Offset;
import ca.uhn.fhir.rest.annotation.OptionalParam;
import ca.uhn.fhir.rest.annotation.Read;
import ca.uhn.fhir.rest.annotation.ResourceParam;
import ca.uhn.fhir.rest.annotation.Search;
import ca.uhn.fhir.rest.annotation.Sort;
import ca.uhn.fhir.rest.annotation.Update;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.SearchTotalModeEnum;
import ca.uhn.fhir.rest.api.SortSpec;
import ca.uhn.fhir.rest.api.SummaryEnum;
import ca.uhn.fhir.rest.api.server.IBundleProvider;
import ca.uhn.fhir.rest.api.server.RequestDetails;
import ca.uhn.fhir.rest.param.DateRangeParam;
import ca.uhn.fhir.rest.param.HistorySearchDateRangeParam;
import ca.uhn.fhir.rest.param.StringAndListParam;
import ca.uhn.fhir.rest.param.TokenAndListParam;
import ca.uhn.fhir.rest.server.IResourceProvider;
import ca.uhn.fhir.rest.server.exceptions.InvalidRequestException;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;
import java.util.Set;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.Patient;

/**
 * Everything this server does for a caller. What is not declared here does not exist: HAPI's own
 * providers, with their operations, other resource types, includes and chains, are never registered.
 */
public class PatientProvider implements IResourceProvider {

    private static final Set<String> CONTROLS = Set.of(
            "_id", "_lastUpdated", "_sort", "_count", "_offset", "_total", "_summary", "_elements", "_format", "_pretty");

    private final IFhirResourceDao<Patient> patients;

    public PatientProvider(IFhirResourceDao<Patient> patients) {
        this.patients = patients;
    }

    @Override
    public Class<Patient> getResourceType() {
        return Patient.class;
    }

    @Read(version = true)
    public Patient read(@IdParam IdType id, RequestDetails request) {
        return patients.read(id, request);
    }

    /** Creates too, when the caller's id is new. */
    @Update
    public MethodOutcome update(@IdParam IdType id, @ResourceParam Patient patient, RequestDetails request) {
        return patients.update(patient, request);
    }

    /** Logical: the versions stay, a read is 410 and a later update brings the patient back. */
    @Delete
    public MethodOutcome delete(@IdParam IdType id, RequestDetails request) {
        return patients.delete(id, request);
    }

    @History
    public IBundleProvider history(@IdParam IdType id, @Offset Integer offset, RequestDetails request) {
        HistorySearchDateRangeParam everything =
                new HistorySearchDateRangeParam(Map.of(), new DateRangeParam(), offset);
        return patients.history(id, everything, request);
    }

    @Search
    public IBundleProvider search(
            @OptionalParam(name = "_id") TokenAndListParam id,
            @OptionalParam(name = "_lastUpdated") DateRangeParam lastUpdated,
            @OptionalParam(name = "active") TokenAndListParam active,
            @OptionalParam(name = "birthdate") DateRangeParam birthDate,
            @OptionalParam(name = "family") StringAndListParam family,
            @OptionalParam(name = "gender") TokenAndListParam gender,
            @OptionalParam(name = "given") StringAndListParam given,
            @OptionalParam(name = "identifier") TokenAndListParam identifier,
            @OptionalParam(name = "name") StringAndListParam name,
            @Sort SortSpec sort,
            @Count Integer count,
            @Offset Integer offset,
            SummaryEnum summary,
            SearchTotalModeEnum total,
            RequestDetails request,
            HttpServletResponse response) {
        refuseUnknownControls(request);
        SearchParameterMap query = new SearchParameterMap();
        query.add("_id", id);
        query.setLastUpdated(lastUpdated);
        query.add("active", active);
        query.add("birthdate", birthDate);
        query.add("family", family);
        query.add("gender", gender);
        query.add("given", given);
        query.add("identifier", identifier);
        query.add("name", name);
        query.setSort(sort);
        query.setCount(count);
        query.setOffset(offset);
        query.setSummaryMode(summary);
        query.setSearchTotalMode(total);
        return patients.search(query, request, response);
    }

    /** HAPI refuses unknown parameters but for those with an underscore: an ignored _filter would find everybody. */
    private static void refuseUnknownControls(RequestDetails request) {
        boolean unknown = request.getParameters().keySet().stream()
                .anyMatch(name -> name.startsWith("_") && !CONTROLS.contains(name));
        if (unknown) {
            throw new InvalidRequestException("Unknown search parameter");
        }
    }
}
