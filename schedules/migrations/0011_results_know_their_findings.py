"""Results of before know the finding that they opened: of the study's day, with the same sites."""

from django.db import migrations

FINDINGS_OF_RESULTS = """
UPDATE schedules_result SET finding_id = (
    SELECT min(finding.id)
    FROM patients_finding AS finding
    JOIN patients_tumour AS tumour ON tumour.id = finding.tumour_id
    JOIN schedules_study AS study ON study.patient_id = tumour.patient_id
    WHERE study.id = schedules_result.study_id
      AND finding.found_on = study.performed_on
      AND finding.sites = schedules_result.sites
)
WHERE outcome = 'new_lesion' AND finding_id IS NULL
"""


class Migration(migrations.Migration):
    dependencies = [("schedules", "0010_corrected_results")]

    operations = [migrations.RunSQL(FINDINGS_OF_RESULTS, migrations.RunSQL.noop)]
